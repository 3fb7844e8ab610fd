import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import type { FoundBox } from "../answer/boxes.ts";

interface BoxLink {
  readonly boxes: readonly FoundBox[];
  /** The key of the highlighted box. */
  readonly pointed?: string;
  readonly point: (key: string | undefined) => void;
}

const BoxContext = createContext<BoxLink>({ boxes: [], point: () => undefined });

/** Connects a box in an answer's text, JSON and picture, so that all are highlighted together. */
export function BoxProvider(props: {
  readonly boxes: readonly FoundBox[];
  readonly children: ReactNode;
}) {
  const { boxes, children } = props;
  const [pointed, point] = useState<string>();
  const link = useMemo(
    () => ({ boxes, point, ...(pointed === undefined ? {} : { pointed }) }),
    [boxes, pointed],
  );
  return <BoxContext value={link}>{children}</BoxContext>;
}

export function useBoxes(): BoxLink {
  return useContext(BoxContext);
}

/** The box's hue, 1 to 6, the same in text, JSON and picture. */
export function hueOf(boxes: readonly FoundBox[], key: string): number {
  return (boxes.findIndex((box) => box.key === key) % 6) + 1;
}

/** A box in text. It highlights its place on the picture. */
export function BoxMark({ box, text }: { readonly box: FoundBox; readonly text: string }) {
  const { boxes, pointed, point } = useBoxes();
  if (!boxes.some(({ key }) => key === box.key)) return text;
  return (
    <button
      type="button"
      className={`box-mark hue-${hueOf(boxes, box.key)}`}
      data-pointed={pointed === box.key}
      aria-label={`Show box ${text} on the picture`}
      onMouseEnter={() => point(box.key)}
      onMouseLeave={() => point(undefined)}
      onFocus={() => point(box.key)}
      onBlur={() => point(undefined)}
    >
      {text}
    </button>
  );
}
