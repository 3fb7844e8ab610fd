const KIB = 1024;
const MIB = 1024 * KIB;

type Bounds = Readonly<Record<string, number>>;

function freeze<const T extends Record<string, Bounds>>(
  limits: T,
): { readonly [Subject in keyof T]: { readonly [Name in keyof T[Subject]]: number } } {
  for (const bounds of Object.values(limits)) Object.freeze(bounds);
  return Object.freeze(limits);
}

/**
 * Every bound of the program that external input can reach, grouped by subject.
 *
 * The unit is the end of the name: `Bytes` or `bytes`, `Ms`, `Px`, `seconds`, `pixels`,
 * `characters` (UTF-16 code units); a plural such as `messages` or `shards` is a count.
 */
export const LIMITS = freeze({
  /** Files of a checkpoint folder. */
  checkpoint: {
    jsonFileBytes: 64 * MIB,
    tokenizerFileBytes: 64 * MIB,
    safetensorsHeaderBytes: 100 * MIB,
    tensors: 100_000,
    shards: 1000,
    vocabularyTokens: 1_000_000,
  },

  /** A chat template and its rendering. */
  template: {
    characters: MIB,
    depth: 100,
    calls: 200,
    /** Steps that every rendering may take, whatever its input. */
    steps: 4_000_000,
    /** Further steps for each value of the input. */
    stepsPerValue: 200,
    /** Further steps for each character of the input. */
    stepsPerCharacter: 2,
    rangeItems: 100_000,
    textCharacters: 64 * MIB,
    listItems: 4 * MIB,
    outputCharacters: 64 * MIB,
    /** A conversation with more parts is rendered in a worker thread. */
    inlineParts: 500,
    /** A conversation with more characters is rendered in a worker thread. */
    inlineCharacters: 256 * KIB,
    /** Characters of all conversations that wait for the worker thread. */
    waitingCharacters: 64 * MIB,
    workerBytes: 1024 * MIB,
  },

  /** One request to an inference route. */
  request: {
    bodyBytes: 64 * MIB,
    messages: 1000,
    partsPerMessage: 1000,
    /** Parts of all messages together. */
    parts: 10_000,
    textCharacters: 4 * MIB,
    images: 64,
    /** Sum of the pixels of all pictures of a request, sampled frames included. */
    pixels: 1_000_000_000,
    videos: 8,
    documents: 16,
    /** Pages of all documents of a request. */
    pages: 100,
    /** Sum of the sizes of all files that a request names by id. */
    namedFileBytes: 512 * MIB,
    tools: 128,
    stopStrings: 16,
    stopStringCharacters: 256,
    stopTokens: 64,
    badWords: 128,
    logitBiasEntries: 1024,
    topLogprobs: 20,
    answersPerPrompt: 8,
    answers: 128,
    promptTokenIds: 249_000,
    tokenizeCharacters: MIB,
  },

  /** Texts and pictures that a retrieval model computes. */
  embedding: {
    /** Tokens of one input: 8192 of text and 2048 of a picture. */
    inputTokens: 10_240,
    /** Rows of one step, unless one input is longer. */
    stepRows: 2048,
    stepInputs: 256,
  },

  /** A request body as JSON, counted before it is parsed. */
  json: {
    /** Strings, numbers, literals, lists and objects. */
    values: 250_000,
    objects: 50_000,
  },

  /** Parsing of request bodies. */
  parsing: {
    /** A larger body is parsed in a worker thread. */
    inlineBytes: 256 * KIB,
    /** Bytes of all bodies that wait for the thread. */
    waitingBytes: 512 * MIB,
    workerBytes: 512 * MIB,
  },

  /** Memory of all requests together, and the share of one tenant. */
  memory: {
    bodyBytes: 512 * MIB,
    bodyBytesPerTenant: 256 * MIB,
    unreadEventBytes: 128 * MIB,
    unreadEventBytesPerTenant: 64 * MIB,
  },

  /** Texts to encode or decode. */
  tokenizer: {
    /** Characters that one turn of the event loop encodes; more go to a worker thread. */
    inlineCharacters: 16_384,
    /** Characters that wait for the thread. */
    waitingCharacters: 64 * MIB,
    workerBytes: 1024 * MIB,
  },

  /** Connections of clients. */
  connection: {
    /** A client that reads nothing of a waiting answer for so long loses its connection. */
    stalledMs: 30_000,
    /** Connections that are open at once, if there are descriptors for so many. */
    max: 10_000,
    /** Descriptors that are left for files and decoders. */
    reservedDescriptors: 128,
  },

  /** Media that the server fetches by URL. */
  fetch: {
    urlCharacters: 2048,
    bytes: 128 * MIB,
  },

  /** Answers that are kept for requests sent again with the same idempotency key. */
  replay: {
    keyCharacters: 255,
    entries: 1000,
    bytes: 32 * MIB,
  },

  /** Responses in memory that a later request may continue. */
  storedResponse: {
    entries: 10_000,
    entriesPerTenant: 1000,
    bytes: 256 * MIB,
    bytesPerTenant: 64 * MIB,
    seconds: 24 * 3600,
  },

  /** Uploaded files on disk. */
  file: {
    bytes: 512 * MIB,
    filesPerTenant: 10_000,
    seconds: 30 * 24 * 3600,
    nameCharacters: 255,
  },

  /** Uploads in parts. */
  upload: {
    partBytes: 64 * MIB,
    parts: 1000,
    uploadsPerTenant: 100,
  },

  /** Bodies of the type multipart/form-data. */
  multipart: {
    headerBytes: 16 * KIB,
    fieldBytes: 8 * KIB,
    parts: 32,
  },

  /** JSON Schemas, before they become grammars. */
  schema: {
    bytes: 64 * KIB,
    depth: 32,
    nodes: 5000,
    merges: 5000,
    boundedNumbers: 256,
    /** Sum of the schemas of all tools of a request. */
    bytesOfTools: 256 * KIB,
  },

  /** Grammars; compile time, match time and memory follow from these counts alone. */
  grammar: {
    regularWork: 250_000,
    nodes: 250_000,
    states: 16_384,
    frames: 200_000,
    places: 16_384,
    /** Visits of positions at once; 1,000,000 took about 115 ms of CPU on one core. */
    work: 500_000,
    workPerToken: 100_000,
    /** Token masks that one grammar keeps. */
    masks: 64,
    /** Compiled grammars that are kept. */
    grammars: 32,
    /** Characters of schemas that one turn of the event loop compiles; more go to a thread. */
    inlineCharacters: 4 * KIB,
    /** Characters of schemas that wait for the thread. */
    waitingCharacters: 16 * MIB,
    workerBytes: 512 * MIB,
  },

  /** One picture. */
  image: {
    bytes: 20 * MIB,
    pixels: 50_000_000,
    sidePx: 32_768,
    tiles: 64,
    tiffFrames: 10_000,
    /** Pictures that are decoded at once, if all have together no more pixels than one may have. */
    decodersAtOnce: 4,
    /** A picture with more pixels does not pass those that wait. */
    smallPixels: 10_000_000,
    heicDecodeMs: 30_000,
    heicMemoryBytes: 1024 * MIB,
  },

  /** One video; its decoder runs in a child process under the same bounds. */
  video: {
    bytes: 512 * MIB,
    pixels: 36_000_000,
    /** The decoder scales down a frame with more pixels, before our own resize. */
    framePixels: 4096 * 2304,
    frames: 500_000,
    seconds: 4 * 3600,
    probeMs: 30_000,
    decodeMs: 120_000,
    memoryBytes: 2048 * MIB,
    allocationBytes: 256 * MIB,
    sampledFrames: 1024,
    /** Frames that a request may list by number or time. */
    listedFrames: 1024,
    decodersAtOnce: 2,
  },

  /** One PDF; PDFium runs in a child process under the same bounds. */
  document: {
    bytes: 64 * MIB,
    /** A file that claims more pages is refused. */
    pages: 100_000,
    pageRangeCharacters: 1024,
    timeoutMs: 120_000,
    /** New processes after pages that crashed theirs. */
    reopenings: 4,
    memoryBytes: 512 * MIB,
    openAtOnce: 2,
    /** Pages after which a document gives up its turn if another tenant waits. */
    pagesPerTurn: 4,
    extractionsAtOnce: 4,
  },

  /** One page of a PDF. */
  page: {
    pixels: 16_000_000,
    sidePx: 16_384,
    minDpi: 18,
    maxDpi: 600,
    textCharacters: 200_000,
    /** Text runs, pictures and paths that are inspected one by one. */
    objects: 100_000,
    annotations: 10_000,
    /** Pixels of the small rendering that shows which text is visible. */
    inkPixels: 4_000_000,
    timeoutMs: 60_000,
  },

  /** One office document, which LibreOffice converts to PDF. */
  office: {
    timeoutMs: 60_000,
    memoryBytes: 4096 * MIB,
    fileBytes: 256 * MIB,
    filesRemembered: 4,
  },

  /** One inspection of a video or document. */
  inspection: {
    thumbnailPx: 256,
    remembered: 16,
    /** Videos that wait to be inspected; each tenant may have as many as it leaves free. */
    waiting: 32,
    pages: 8,
    pagePx: 1280,
    wordsPerPage: 5000,
  },

  // the operator's configuration file
  configuration: {
    characters: MIB,
    aliases: 100,
  },

  /** The answers of a provider to which requests are forwarded. */
  upstream: {
    /** One event of a stream. */
    eventBytes: MIB,
    answerBytes: 64 * MIB,
    toolCalls: 128,
    errorBytes: 64 * KIB,
    /** Characters of a provider's error that clients see. */
    errorCharacters: 500,
    models: 2000,
    modelListBytes: 16 * MIB,
    headerBytes: 32 * KIB,
    /** Connections to one provider. */
    connections: 1024,
    /** Wait for token counts after the end of an answer. */
    tailMs: 2000,
    /** Longest pause that a provider may request. */
    retryAfterMs: 600_000,
  },

  /** Requests in front of the engine. */
  queue: {
    /** Requests that wait or are prepared; each tenant may have as many as it leaves free. */
    requests: 512,
    /** Pixels of the pictures that wait to be decoded; each tenant likewise. */
    pixels: 4_000_000_000,
    /** Events of one request that the engine has sent and nobody has read. */
    unreadEvents: 8192,
    /** Their estimated size. */
    unreadEventBytes: 4 * MIB,
  },

  /** Data sets and answers of evaluation. */
  eval: {
    /** One row of a TSV file, pictures included. */
    rowBytes: 256 * MIB,
    jsonBytes: 1024 * MIB,
    /** Files and folders looked at to find a data set. */
    listedFiles: 100_000,
    folderDepth: 6,
    /** The part of an answer that is scored. */
    answerCharacters: MIB,
  },
});
