import { memo, useDeferredValue, useMemo, useState } from "react";
import { findBoxes } from "../answer/boxes.ts";
import { answerJson } from "../answer/json.ts";
import { firstPage } from "../answer/pages.ts";
import { splitAtCalls } from "../answer/tool-markup.ts";
import type { Prices } from "../api/types.ts";
import type { Answer, DocumentFile, MediaFile, Picture } from "../conversation/model.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useThreadActions } from "./actions.ts";
import { BoxProvider } from "./box-context.tsx";
import { BoxedPicture } from "./boxed-picture.tsx";
import { FailureNotice } from "./failure-notice.tsx";
import { Figures } from "./figures.tsx";
import { JsonView } from "./json-view.tsx";
import { Markdown } from "./markdown.tsx";
import { PageProvider } from "./page-context.tsx";
import { Reasoning } from "./reasoning.tsx";
import { TokenView } from "./token-view.tsx";
import { MalformedCall, ToolCalls } from "./tools.tsx";

interface AnswerProps {
  readonly answer: Answer;
  /** The pictures that the answer is about. */
  readonly pictures: readonly Picture[];
  readonly files: readonly MediaFile[];
  readonly prices: Prices | undefined;
}

type View = "answer" | "tokens" | "text";

export const AnswerMessage = memo(function AnswerMessage(props: AnswerProps) {
  const { answer, pictures, files, prices } = props;
  const [view, setView] = useState<View>("answer");
  const running = answer.status === "streaming";
  const empty = answer.text === "" && answer.reasoning === "" && answer.toolCalls.length === 0;
  return (
    <article className="message answer" aria-label="Model" data-status={answer.status}>
      {answer.reasoning === "" ? null : <Reasoning answer={answer} />}
      {running && empty ? <Waiting /> : null}
      <AnswerBody answer={answer} pictures={pictures} files={files} view={view} />
      {answer.toolCalls.length === 0 ? null : <ToolCalls calls={answer.toolCalls} />}
      {answer.failure === undefined ? null : (
        <FailureNotice failure={answer.failure} answerId={answer.id} />
      )}
      {running || (empty && answer.failure !== undefined) ? null : (
        <footer className="answer-foot">
          <AnswerActions answer={answer} view={view} onView={setView} />
          <Figures answer={answer} prices={prices} />
        </footer>
      )}
    </article>
  );
});

function Waiting() {
  return (
    <p className="waiting">
      <span className="hidden">Waiting for the first word</span>
      <i />
      <i />
      <i />
    </p>
  );
}

interface BodyProps {
  readonly answer: Answer;
  readonly pictures: readonly Picture[];
  readonly files: readonly MediaFile[];
  readonly view: View;
}

function AnswerBody({ answer, pictures, files, view }: BodyProps) {
  // A long answer is rendered with low priority, so that typing and scrolling stay responsive.
  const text = useDeferredValue(answer.text);
  const json = useMemo(() => answerJson(text), [text]);
  const documents = useMemo(() => files.filter(isDocument), [files]);
  const shown = pictures.length + documents.length;
  const boxes = useMemo(() => {
    if (shown === 0) return [];
    return findBoxes(text, json.whole === undefined ? json.blocks : [json.whole.value]);
  }, [text, json, shown]);
  if (text === "") return null;
  if (view === "tokens") return <TokenView tokens={answer.tokens} />;
  if (view === "text") return <pre className="plain-text">{text}</pre>;
  return (
    <BoxProvider boxes={boxes}>
      <PageProvider documents={documents}>
        <BoxedPicture
          pictures={pictures}
          documents={documents}
          firstPage={({ pages }) => firstPage(text, pages)}
        />
        {json.whole === undefined ? (
          splitAtCalls(text).map((piece, at) =>
            piece.isCall ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces never change their places.
              <MalformedCall key={at} text={piece.text} />
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces never change their places.
              <Markdown key={at} text={piece.text} />
            ),
          )
        ) : (
          <JsonView json={json.whole} text={text} />
        )}
      </PageProvider>
    </BoxProvider>
  );
}

function isDocument(file: MediaFile): file is DocumentFile {
  return file.kind === "document";
}

interface ActionsProps {
  readonly answer: Answer;
  readonly view: View;
  readonly onView: (view: View) => void;
}

function AnswerActions({ answer, view, onView }: ActionsProps) {
  const { regenerate } = useThreadActions();
  const toggle = (name: View) => () => onView(view === name ? "answer" : name);
  return (
    <div className="message-actions">
      {answer.text === "" ? null : (
        <>
          <CopyButton label="answer" text={() => answer.text} />
          <button
            type="button"
            className="icon-button"
            title="Show as plain text"
            aria-label="Plain text"
            aria-pressed={view === "text"}
            onClick={toggle("text")}
          >
            <Icon name="lines" />
          </button>
        </>
      )}
      {answer.tokens.length === 0 ? null : (
        <button
          type="button"
          className="quiet-button"
          aria-pressed={view === "tokens"}
          onClick={toggle("tokens")}
        >
          Probabilities
        </button>
      )}
      {answer.failure === undefined ? (
        <button
          type="button"
          className="icon-button"
          title="Answer again"
          aria-label="Answer again"
          onClick={() => regenerate(answer.id)}
        >
          <Icon name="refresh" />
        </button>
      ) : null}
    </div>
  );
}
