// Selects the tokens of a video that EVS keeps. The server ranks all tokens once, so the selection
// for any rate needs no further request.

/** Decodes the ranks of all tokens, frame by frame and row by row: base64 of LE uint32. */
export function readRanks(base64: string): Uint32Array {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(at * 4, true));
}

/** Returns how many tokens EVS keeps: at least those of the first frame, as on the server. */
export function keptTokens(frames: number, frameTokens: number, rate: number): number {
  return Math.max(frameTokens, Math.trunc(frameTokens * frames * (1 - rate)));
}

/** The ranks of one frame's tokens, and the number of tokens in a row. */
export interface RankedFrame {
  readonly ranks: Uint32Array;
  readonly columns: number;
}

/** Returns the pruned tokens of a frame as an SVG path of unit squares, and their number. */
export function prunedPath({ ranks, columns }: RankedFrame, kept: number) {
  let path = "";
  let pruned = 0;
  for (let at = 0; at < ranks.length; ) {
    const column = at % columns;
    let run = 0;
    while (column + run < columns && (ranks[at + run] ?? 0) >= kept) run += 1;
    if (run > 0) path += `M${column} ${Math.floor(at / columns)}h${run}v1h-${run}z`;
    pruned += run;
    at += Math.max(1, run);
  }
  return { path, pruned };
}
