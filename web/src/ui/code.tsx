import { memo } from "react";
import { highlight } from "./highlight.ts";

interface CodeProps {
  readonly text: string;
  readonly language: string;
}

/** Source text with colours. */
export const Code = memo(function Code({ text, language }: CodeProps) {
  const pieces = highlight(text, language).map(({ kind, text: piece }, at) => {
    if (kind === "plain") return piece;
    const className = `code-${kind}`;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no state of their own.
      <span key={at} className={className}>
        {piece}
      </span>
    );
  });
  return <code>{pieces}</code>;
});

/** Source text in a box that wraps long lines and scrolls, also by keyboard. */
export function CodeBox(props: CodeProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <pre className="wrapped" tabIndex={0}>
      <Code {...props} />
    </pre>
  );
}
