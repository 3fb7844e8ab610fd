import { type ReactNode, useId } from "react";
import type { Paper } from "../state/conversation.ts";
import { Icon } from "../ui/icon.tsx";
import { usePage } from "./use-look.ts";

interface PageViewProps {
  readonly paper: Paper;
  readonly number: number;
  readonly onNumber: (number: number) => void;
  /** Drawn over the page, in a square of 1000. */
  readonly over?: (width: number, height: number) => ReactNode;
  /** Shows what the file says is written there. */
  readonly withText?: boolean;
}

/** A page of a document, as the server draws it, with the way to the others. */
export function PageView({ paper, number, onNumber, over, withText = false }: PageViewProps) {
  const { look, problem } = usePage(paper, number);
  const words = look?.words.map(({ text }) => text).join(" ") ?? "";
  return (
    <>
      <PageSteps paper={paper} number={number} onNumber={onNumber} />
      {look === undefined ? (
        <p className="note page-wait" role="status">
          {problem ?? `Drawing page ${number}…`}
        </p>
      ) : (
        <span className="picture page-picture">
          <img
            src={look.image}
            alt={`Page ${number} of ${paper.name}`}
            width={look.width}
            height={look.height}
          />
          {over === undefined ? null : (
            <svg
              className="over-picture"
              viewBox={`0 0 ${look.width} ${look.height}`}
              preserveAspectRatio="none"
              aria-hidden="true"
            >
              {over(look.width, look.height)}
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

type StepsProps = Pick<PageViewProps, "paper" | "number" | "onNumber">;

function PageSteps({ paper: { pages }, number, onNumber }: StepsProps) {
  const id = useId();
  if (pages === 1) return null;
  const most = pages ?? Number.POSITIVE_INFINITY;
  return (
    <div className="page-steps">
      <button
        type="button"
        className="icon-button"
        aria-label="Page before"
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
          if (Number.isInteger(wanted) && wanted >= 1 && wanted <= most) onNumber(wanted);
        }}
      />
      {pages === undefined ? null : <span>of {pages}</span>}
      <button
        type="button"
        className="icon-button"
        aria-label="Next page"
        disabled={number >= most}
        onClick={() => onNumber(number + 1)}
      >
        <Icon name="chevron" />
      </button>
    </div>
  );
}
