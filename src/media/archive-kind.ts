// Office documents are ZIP or OLE files, and so are many others: the names inside tell them apart.

/** A document of an office program; it has no pages until a program lays it out. */
export interface OfficeFile {
  readonly name: string;
  /** The usual ending of its file name. */
  readonly ending: string;
}

type ArchiveKind =
  | ({ readonly is: "office" } & OfficeFile)
  | { readonly is: "other"; readonly name: string; readonly advice: string };

const UNPACK = "unpack it and send the files that are in it";
const SAVE_AS_PDF = "save it as PDF and send that";
/** Limits on the entries and bytes of an archive's directory that are read. */
const MAX_ENTRIES = 5000;
const TAIL_BYTES = 65_536 + 22;

const BY_NAME: readonly (readonly [entry: RegExp, name: string, ending: string])[] = [
  [/^word\//, "a Word document (DOCX)", "docx"],
  [/^ppt\//, "a PowerPoint presentation (PPTX)", "pptx"],
  [/^xl\//, "an Excel workbook (XLSX)", "xlsx"],
];

const OPEN_DOCUMENT: readonly (readonly [type: string, name: string, ending: string])[] = [
  ["opendocument.text", "an OpenDocument text (ODT)", "odt"],
  ["opendocument.spreadsheet", "an OpenDocument sheet (ODS)", "ods"],
  ["opendocument.presentation", "an OpenDocument presentation (ODP)", "odp"],
  ["opendocument.graphics", "an OpenDocument drawing (ODG)", "odg"],
];

const OTHER_ARCHIVES: readonly (readonly [entry: RegExp, name: string, advice: string])[] = [
  [/^Index\/.*\.iwa$|^Index\.zip$/, "a Pages, Numbers or Keynote file", SAVE_AS_PDF],
  [/^FixedDocumentSequence\.fdseq$/i, "an XPS document", SAVE_AS_PDF],
  [/^AndroidManifest\.xml$|^META-INF\/MANIFEST\.MF$/, "a program", UNPACK],
];

/** Recognises the kind of a ZIP file. Never throws: a damaged one counts as an archive. */
export function archiveKind(bytes: Uint8Array): ArchiveKind {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const mimetype = firstEntry(file);
  if (mimetype?.name === "mimetype") {
    const found = OPEN_DOCUMENT.find(([type]) => mimetype.content.includes(type));
    if (found) return { is: "office", name: found[1], ending: found[2] };
    if (mimetype.content.includes("epub")) {
      return { is: "other", name: "an EPUB book", advice: SAVE_AS_PDF };
    }
  }
  const { names, isWhole } = entryNames(file);
  if (!isWhole || names.includes("[Content_Types].xml")) {
    const found = BY_NAME.find(([entry]) => names.some((name) => entry.test(name)));
    if (found) return { is: "office", name: found[1], ending: found[2] };
  }
  const other = OTHER_ARCHIVES.find(([entry]) => names.some((name) => entry.test(name)));
  const [, name, advice] = other ?? [undefined, "a ZIP archive", UNPACK];
  return { is: "other", name, advice };
}

function firstEntry(file: Buffer): { readonly name: string; readonly content: string } | undefined {
  if (file.length < 30) return undefined;
  const [nameBytes, extraBytes] = [file.readUInt16LE(26), file.readUInt16LE(28)];
  const start = 30 + nameBytes + extraBytes;
  const name = file.subarray(30, 30 + nameBytes).toString("latin1");
  return { name, content: file.subarray(start, start + 128).toString("latin1") };
}

/** Reads names from the directory at the end, or from entry headers if the file is truncated. */
function entryNames(file: Buffer): { readonly names: readonly string[]; isWhole: boolean } {
  const end = file.subarray(-TAIL_BYTES).lastIndexOf("PK\x05\x06");
  const tail = Math.max(0, file.length - TAIL_BYTES);
  const names: string[] = [];
  const isWhole = end >= 0 && tail + end + 22 <= file.length;
  const [signature, fixed, nameAt] = isWhole
    ? (["PK\x01\x02", 46, 28] as const)
    : (["PK\x03\x04", 30, 26] as const);
  let at = isWhole ? file.readUInt32LE(tail + end + 16) : 0;
  while (names.length < MAX_ENTRIES) {
    const found = file.indexOf(signature, at, "latin1");
    if (found < 0 || found + fixed > file.length) break;
    const nameBytes = file.readUInt16LE(found + nameAt);
    names.push(file.subarray(found + fixed, found + fixed + nameBytes).toString("utf8"));
    at = found + fixed + nameBytes;
  }
  return { names, isWhole };
}

const STREAMS: readonly (readonly [stream: string, name: string, ending: string])[] = [
  ["WordDocument", "an old Word document (DOC)", "doc"],
  ["PowerPoint Document", "an old PowerPoint presentation (PPT)", "ppt"],
  ["Workbook", "an old Excel workbook (XLS)", "xls"],
  ["Book", "an old Excel workbook (XLS)", "xls"],
];

/** Recognises the kind of an OLE compound file by the names of its streams. Never throws. */
export function compoundKind(bytes: Uint8Array): ArchiveKind {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const has = (stream: string): boolean => file.includes(Buffer.from(`${stream}\0`, "utf16le"));
  if (has("EncryptedPackage")) {
    const advice = "send a copy without a password";
    return { is: "other", name: "an Office file with a password", advice };
  }
  const found = STREAMS.find(([stream]) => has(stream));
  if (found) return { is: "office", name: found[1], ending: found[2] };
  if (has("__properties_version1.0")) {
    return { is: "other", name: "an Outlook message (MSG)", advice: SAVE_AS_PDF };
  }
  return { is: "other", name: "an old Office file", advice: SAVE_AS_PDF };
}
