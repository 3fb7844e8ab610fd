import { type ReactNode, useId } from "react";
import type { DocumentFile } from "../conversation/model.ts";
import { Icon } from "../ui/icon.tsx";
import { usePageInspection } from "./use-inspection.ts";

interface PageViewProps {
  readonly file: DocumentFile;
  readonly number: number;
  readonly onNumber: (number: number) => void;
  /** Drawn over the page, in a square of 1000. */
  readonly over?: (width: number, height: number) => ReactNode;
  /** Shows the page's text layer below it. */
  readonly withText?: boolean;
}

/** Shows a page as the server renders it, with buttons for the other pages. */
export function PageView({ file, number, onNumber, over, withText = false }: PageViewProps) {
  const { value: page, failure } = usePageInspection(file, number);
  const words = page?.words.map(({ text }) => text).join(" ") ?? "";
  return (
    <>
      <PageSteps file={file} number={number} onNumber={onNumber} />
      {page === undefined ? (
        <p className="note page-wait" role="status">
          {failure?.message ?? `Rendering page ${number}…`}
        </p>
      ) : (
        <span className="picture page-picture">
          <img
            src={page.image}
            alt={`Page ${number} of ${file.name}`}
            width={page.width}
            height={page.height}
          />
          {over === undefined ? null : (
            <svg
              className="over-picture"
              viewBox={`0 0 ${page.width} ${page.height}`}
              preserveAspectRatio="none"
              aria-hidden="true"
            >
              {over(page.width, page.height)}
            </svg>
          )}
        </span>
      )}
      {withText && words !== "" ? (
        <details className="page-text">
          <summary>
            <Icon name="chevron" />
            Text of this page
          </summary>
          <p>{words}</p>
        </details>
      ) : null}
    </>
  );
}

type StepsProps = Pick<PageViewProps, "file" | "number" | "onNumber">;

function PageSteps({ file: { pages }, number, onNumber }: StepsProps) {
  const id = useId();
  if (pages === 1) return null;
  const max = pages ?? Number.POSITIVE_INFINITY;
  return (
    <div className="page-steps">
      <button
        type="button"
        className="icon-button"
        aria-label="Previous page"
        disabled={number <= 1}
        onClick={() => onNumber(number - 1)}
      >
        <Icon name="back" />
      </button>
      <label htmlFor={id}>Page</label>
      <input
        id={id}
        type="number"
        min={1}
        max={pages}
        value={number}
        onChange={(event) => {
          const wanted = event.target.valueAsNumber;
          if (Number.isInteger(wanted) && wanted >= 1 && wanted <= max) onNumber(wanted);
        }}
      />
      {pages === undefined ? null : <span>of {pages}</span>}
      <button
        type="button"
        className="icon-button"
        aria-label="Next page"
        disabled={number >= max}
        onClick={() => onNumber(number + 1)}
      >
        <Icon name="chevron" />
      </button>
    </div>
  );
}
