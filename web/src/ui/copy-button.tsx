import { useEffect, useState } from "react";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1600;

interface CopyButtonProps {
  readonly text: () => string;
  /** Names the text that is copied, for example "answer". */
  readonly label: string;
  /** Shown beside the icon. */
  readonly caption?: string;
}

/** Copies a text and confirms it, also for screen readers. */
export function CopyButton({ text, label, caption }: CopyButtonProps) {
  const [result, setResult] = useState<"copied" | "failed">();
  useEffect(() => {
    if (result === undefined) return;
    const timer = setTimeout(() => setResult(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const copy = async (): Promise<void> => {
    setResult((await copyText(text())) ? "copied" : "failed");
  };
  const outcome =
    result === "copied" ? "Copied" : result === "failed" ? "Could not copy" : undefined;
  return (
    <button
      type="button"
      className={caption === undefined ? "icon-button" : "quiet-button"}
      title={`Copy ${label}`}
      aria-label={outcome ?? `Copy ${label}`}
      onClick={() => void copy()}
    >
      <Icon name={result === "copied" ? "check" : "copy"} />
      {caption === undefined ? null : (outcome ?? caption)}
      <span className="hidden" role="status">
        {outcome}
      </span>
    </button>
  );
}

/** The clipboard API needs a secure context; over http, execCommand still works. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
