const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound of the program that a stranger's input can reach. Sizes in bytes unless named. */
export const LIMITS = Object.freeze({
  // checkpoints
  jsonFileBytes: 64 * MIB,
  tokenizerFileBytes: 64 * MIB,
  safetensorsHeaderBytes: 100 * MIB,
  safetensorsTensors: 100_000,
  shards: 1000,
  vocabularyTokens: 1_000_000,

  // one chat template and one rendering; the steps of a rendering grow with its input
  templateCharacters: MIB,
  templateDepth: 100,
  templateCalls: 200,
  templateSteps: 4_000_000,
  templateStepsPerValue: 200,
  templateStepsPerCharacter: 2,
  templateRange: 100_000,
  templateTextCharacters: 64 * MIB,
  templateListItems: 4 * MIB,
  templateOutputCharacters: 64 * MIB,

  // conversations above either bound are rendered by a worker thread, one after the other
  templateInlineParts: 500,
  templateInlineCharacters: 256 * KIB,
  templateQueue: 64,
  templateWorkerBytes: 1024 * MIB,

  // one request
  bodyBytes: 64 * MIB,
  messages: 1000,
  partsPerMessage: 1000,
  textCharacters: 4 * 1024 * 1024,
  imagesPerRequest: 64,
  stopStrings: 16,
  stopStringCharacters: 256,
  stopTokens: 64,
  badWords: 128,
  logitBiasEntries: 1024,
  topLogprobs: 20,
  mediaUrlCharacters: 2048,
  fetchedBytes: 128 * MIB,
  answersPerPrompt: 8,
  answersPerRequest: 128,
  promptTokenIds: 1_000_000,
  tokenizeCharacters: 1024 * 1024,

  // answers kept for requests that are sent again
  replayKeyCharacters: 255,
  replayEntries: 1000,
  replayBytes: 32 * MIB,

  // responses that later requests may go on from, in memory
  storedResponses: 10_000,
  storedResponsesPerTenant: 1000,
  storedResponseBytes: 256 * MIB,
  storedResponseBytesPerTenant: 64 * MIB,
  storedResponseSeconds: 24 * 3600,

  // files that are kept
  keptFileBytes: 512 * MIB,
  keptFilesPerTenant: 10_000,
  keptFileSeconds: 30 * 24 * 3600,
  fileNameCharacters: 255,
  /** Bytes of all files that one request names. */
  namedFileBytes: 512 * MIB,
  uploadPartBytes: 64 * MIB,
  uploadParts: 1000,
  uploadsPerTenant: 100,
  multipartHeaderBytes: 16 * KIB,
  multipartFieldBytes: 8 * KIB,
  multipartParts: 32,

  // structured output; times and memory follow from these counts alone
  schemaBytes: 64 * KIB,
  schemaDepth: 32,
  schemaNodes: 5000,
  schemaMerges: 5000,
  schemaBoundedNumbers: 256,
  regularWork: 250_000,
  toolsPerRequest: 128,
  toolSchemasBytes: 256 * KIB,
  grammarNodes: 250_000,
  grammarStates: 16_384,
  grammarFrames: 200_000,
  grammarPlaces: 16_384,
  grammarWork: 1_000_000,
  grammarWorkPerToken: 100_000,
  grammarMasks: 64,
  grammarsRemembered: 32,

  // one image
  imageBytes: 20 * MIB,
  imagePixels: 50_000_000,
  imageSidePx: 32_768,
  tilesPerImage: 64,
  framesPerTiff: 10_000,
  heicDecodeMs: 30_000,
  heicMemoryBytes: 1024 * MIB,

  // one video; the decoder's child process is held to them too
  videoBytes: 512 * MIB,
  videoPixels: 36_000_000,
  /** Frames with more pixels are made smaller by the decoder, before our own resize. */
  videoFramePixels: 4096 * 2304,
  videoFrames: 500_000,
  videoSeconds: 4 * 3600,
  videoProbeMs: 30_000,
  videoDecodeMs: 120_000,
  videoMemoryBytes: 2048 * MIB,
  videoAllocationBytes: 256 * MIB,
  framesPerVideo: 1024,
  listedFrames: 1024,
  videosPerRequest: 8,
  videosDecoded: 2,

  // one document; PDFium's process is held to them too
  documentBytes: 64 * MIB,
  pagesPerRequest: 100,
  documentsPerRequest: 16,
  /** Pages of a file; a larger number is a lie, or nobody's to turn over. */
  pagesPerDocument: 100_000,
  pageRangeCharacters: 1024,
  pagePixels: 16_000_000,
  pageSidePx: 16_384,
  minPageDpi: 18,
  maxPageDpi: 600,
  pageTextCharacters: 200_000,
  /** Runs of text, pictures and paths of a page that are looked at one by one. */
  pageObjects: 100_000,
  pageAnnotations: 10_000,
  /** Pixels of the small drawing that tells which text is drawn. */
  inkPixels: 4_000_000,
  documentMs: 120_000,
  /** Time that one page of a document may take. */
  pageMs: 60_000,
  /** New processes after pages that ended theirs. */
  documentReopenings: 4,
  documentMemoryBytes: 512 * MIB,
  documentsOpen: 2,
  extractionsAtOnce: 4,

  // one office document, which LibreOffice makes a PDF of
  officeMs: 60_000,
  officeMemoryBytes: 4096 * MIB,
  officeFileBytes: 256 * MIB,
  officeRemembered: 4,

  // one look into a video or document
  thumbnailPx: 256,
  looksRemembered: 16,
  looksWaiting: 16,
  pagesPerLook: 8,
  lookPagePx: 1280,
  wordsPerPage: 5000,

  // the queue
  requestsWaiting: 256,
  eventsUnread: 8192,
});
