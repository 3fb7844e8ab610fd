/** Characters for one call; more would overflow the stack of String.fromCharCode. */
const RUN = 0x8000;

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += RUN) {
    text += String.fromCharCode(...bytes.subarray(at, at + RUN));
  }
  return btoa(text);
}
