import { useState } from "react";
import type { DocumentFile, Picture } from "../conversation/model.ts";
import { PageView } from "../media/page-view.tsx";
import { PictureView } from "../pictures/picture-view.tsx";
import { hueOf, useBoxes } from "./box-context.tsx";
import { Boxes } from "./box-shapes.tsx";

interface BoxedPictureProps {
  /** The pictures that the answer is about. */
  readonly pictures: readonly Picture[];
  readonly documents: readonly DocumentFile[];
  /** Returns the page of a document that is shown first. */
  readonly firstPage: (file: DocumentFile) => number;
}

/** Shows the picture or page of an answer with the answer's boxes. */
export function BoxedPicture({ pictures, documents, firstPage }: BoxedPictureProps) {
  const { boxes } = useBoxes();
  const [chosen, choose] = useState(0);
  const shown = [...pictures, ...documents];
  const one = shown[chosen] ?? shown[0];
  if (one === undefined || boxes.length === 0) return null;
  return (
    <figure className="boxed-picture">
      {"kind" in one ? (
        <BoxedPage key={one.id} file={one} firstPage={firstPage(one)} />
      ) : (
        <PictureView picture={one} label={`${one.name} with ${boxes.length} boxes`}>
          <Boxes width={one.width} height={one.height} />
        </PictureView>
      )}
      <BoxLegend />
      {shown.length > 1 ? (
        <figcaption className="picture-choice">
          Drawn on
          {shown.map((other, index) => (
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

function BoxedPage({
  file,
  firstPage,
}: {
  readonly file: DocumentFile;
  readonly firstPage: number;
}) {
  const [number, setNumber] = useState<number>();
  return (
    <PageView
      file={file}
      number={number ?? firstPage}
      onNumber={setNumber}
      over={(width, height) => <Boxes width={width} height={height} />}
    />
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
