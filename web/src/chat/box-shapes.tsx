import type { FoundBox } from "../answer/boxes.ts";
import { hueOf, useBoxes } from "./box-context.tsx";

interface BoxesProps {
  /** The size of the picture or page, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws the boxes of an answer over a picture or page. */
export function Boxes({ width, height }: BoxesProps) {
  const { boxes, pointed, point } = useBoxes();
  return boxes.map((box) => (
    // biome-ignore lint/a11y/noStaticElementInteractions: the text has a button for it.
    <g
      key={box.key}
      className={`box hue-${hueOf(boxes, box.key)}`}
      data-pointed={pointed === box.key}
      data-faded={pointed !== undefined && pointed !== box.key}
      onMouseEnter={() => point(box.key)}
      onMouseLeave={() => point(undefined)}
    >
      <BoxShape box={box} width={width} height={height} />
    </g>
  ));
}

interface BoxShapeProps extends BoxesProps {
  readonly box: FoundBox;
}

function BoxShape({ box, width, height }: BoxShapeProps) {
  const x = (box.x1 * width) / 1000;
  const y = (box.y1 * height) / 1000;
  const place = {
    x,
    y,
    width: ((box.x2 - box.x1) * width) / 1000,
    height: ((box.y2 - box.y1) * height) / 1000,
  };
  const fontPx = Math.max(width, height) / 38;
  // The label is above the box if there is room, else inside it.
  const baseline = y > fontPx * 1.4 ? y - fontPx * 0.4 : y + fontPx * 1.2;
  return (
    <>
      <rect className="box-under" {...place} />
      <rect {...place} />
      {box.label === undefined ? null : (
        <text x={x + fontPx * 0.15} y={baseline} fontSize={fontPx}>
          {box.label.slice(0, 40)}
        </text>
      )}
      <title>{box.label ?? `[${box.key}]`}</title>
    </>
  );
}
