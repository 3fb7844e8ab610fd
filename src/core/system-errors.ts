import { VireoError } from "./errors.ts";

/** Reasons why the disk takes no data, by the code of the operating system. */
const DISK_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "it is full",
  EDQUOT: "its quota is used up",
  EFBIG: "the limit of a file is reached",
  EROFS: "it can only be read",
  EACCES: "access is not allowed",
  EPERM: "access is not allowed",
  EIO: "it has failed",
};

/** Resources of which the system has no more for now. */
const BUSY_REASONS: Readonly<Record<string, string>> = {
  EMFILE: "open files",
  ENFILE: "open files",
  EAGAIN: "processes",
  ENOMEM: "memory",
  ENOBUFS: "network buffers",
};

const RETRY_AFTER_MS = 2000;

/**
 * Explains an error of the operating system in one sentence without paths: storage_unavailable for
 * the disk, server_busy for files, processes and memory. Undefined for other errors.
 */
export function fromSystemError(error: unknown): VireoError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "" } = error as Error & { readonly code?: unknown };
  const disk = DISK_REASONS[String(code)];
  if (disk !== undefined) {
    const message = `the server's disk takes no data: ${disk}; the operator can mend that`;
    return new VireoError("storage_unavailable", message, { cause: error });
  }
  const lacking = isOutOfMemory(error) ? "memory" : BUSY_REASONS[String(code)];
  if (lacking === undefined) return undefined;
  const message = `the system has no more ${lacking} for this process; try again in a moment`;
  return new VireoError("server_busy", message, { cause: error, retryAfterMs: RETRY_AFTER_MS });
}

/** The error itself if it is a VireoError, else the system's reason, else internal_error. */
export function toVireoError(error: unknown): VireoError {
  if (error instanceof VireoError) return error;
  return (
    fromSystemError(error) ?? new VireoError("internal_error", "unexpected error", { cause: error })
  );
}

/** Whether V8 could not allocate an array or WebAssembly memory. */
function isOutOfMemory(error: Error): boolean {
  return error instanceof RangeError && /out of memory|allocation failed/i.test(error.message);
}
