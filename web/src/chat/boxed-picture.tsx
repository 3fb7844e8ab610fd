import { useState } from "react";
import type { FoundBox } from "../answer/boxes.ts";
import { PictureView } from "../pictures/picture-view.tsx";
import type { Picture } from "../state/conversation.ts";
import { hueOf, useBoxes } from "./box-context.tsx";

/** The picture of an answer, with the answer's boxes over it. */
export function BoxedPicture({ pictures }: { readonly pictures: readonly Picture[] }) {
  const { boxes, pointed, point } = useBoxes();
  const [chosen, choose] = useState(0);
  const picture = pictures[chosen] ?? pictures[0];
  if (picture === undefined || boxes.length === 0) return null;
  const { width, height } = picture;
  return (
    <figure className="boxed-picture">
      <PictureView picture={picture} label={`${picture.name} with ${boxes.length} boxes`}>
        {boxes.map((box) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the text has the same as a button.
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
        ))}
      </PictureView>
      <BoxLegend />
      {pictures.length > 1 ? (
        <figcaption className="picture-choice">
          Drawn on
          {pictures.map((other, index) => (
            <button
              type="button"
              key={other.id}
              className="chip"
              aria-pressed={index === chosen}
              onClick={() => choose(index)}
            >
              {other.name}
            </button>
          ))}
        </figcaption>
      ) : null}
    </figure>
  );
}

interface BoxShapeProps {
  readonly box: FoundBox;
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
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
  // Above the box where there is room, else inside it.
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

function BoxLegend() {
  const { boxes, pointed, point } = useBoxes();
  const labelled = boxes.filter((box) => box.label !== undefined);
  if (labelled.length === 0) return null;
  return (
    <ul className="box-legend" aria-label="Boxes">
      {labelled.map((box) => (
        <li key={box.key}>
          <button
            type="button"
            className={`box-mark hue-${hueOf(boxes, box.key)}`}
            data-pointed={pointed === box.key}
            onMouseEnter={() => point(box.key)}
            onMouseLeave={() => point(undefined)}
            onFocus={() => point(box.key)}
            onBlur={() => point(undefined)}
          >
            {box.label}
          </button>
        </li>
      ))}
    </ul>
  );
}
