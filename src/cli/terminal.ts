/** Messages to people on stderr. Answers go to stdout, so that they can be piped. */
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
      stream.write(`${text}\n`);
    },
    progress(text) {
      if (!stream.isTTY) return;
      clear();
      width = text.length;
      stream.write(text);
    },
    dim: (text) => styled(2, text),
    bold: (text) => styled(1, text),
  };
}

/**
 * Makes text safe for a terminal. Control characters, with which a model's answer could move the
 * cursor or change the clipboard, become their codes.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    if (character === "\n" || character === "\t") return character;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}
