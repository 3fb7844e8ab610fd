/**
 * Messages to people on stderr. Answers go to stdout, so that they can be piped. Texts may contain
 * names of files and messages from anywhere: they are made printable, except `dim` and `bold`.
 */
export interface Terminal {
  /** A line that stays. */
  note(text: string): void;
  /** A line that the next one replaces; left out unless stderr is a terminal. */
  progress(text: string): void;
  dim(text: string): string;
  bold(text: string): string;
}

export function openTerminal(stream: NodeJS.WriteStream): Terminal {
  let width = 0;
  const clear = (): void => {
    if (width > 0) stream.write("\r\x1b[K");
    width = 0;
  };
  const styled = (code: number, text: string): string =>
    stream.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    note(text) {
      clear();
      stream.write(`${printableStyled(text)}\n`);
    },
    progress(text) {
      if (!stream.isTTY) return;
      clear();
      width = text.length;
      stream.write(printableStyled(text));
    },
    dim: (text) => styled(2, text),
    bold: (text) => styled(1, text),
  };
}

/**
 * Control characters, line separators, and characters that change the order of letters. Marks that
 * right-to-left text needs are not among them.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes text safe for a terminal. Characters with which a model's answer could move the cursor,
 * change the clipboard or reorder what is shown become their codes.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    if (character === "\n" || character === "\t") return character;
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code}`;
  });
}

/** Makes text printable except for the codes of `dim` and `bold`, which do no harm. */
function printableStyled(text: string): string {
  const parts = text.split(STYLE);
  return parts.map((part) => (STYLE.test(part) ? part : printable(part))).join("");
}

const STYLE = new RegExp(`(${String.fromCharCode(27)}\\[[0-2]m)`);

export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}
