import { useState } from "react";
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
            <rect
              x={(box.x1 * width) / 1000}
              y={(box.y1 * height) / 1000}
              width={((box.x2 - box.x1) * width) / 1000}
              height={((box.y2 - box.y1) * height) / 1000}
            />
            <title>{box.label ?? `[${box.key}]`}</title>
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
