import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef } from "react";
import { filesOf, type Message, picturesOf } from "../conversation/model.ts";
import { ACCEPT } from "../media/kinds.ts";
import { useSession, useSettings } from "../state/contexts.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import { settingsProblem } from "../state/settings.ts";
import { Icon } from "../ui/icon.tsx";
import { AttachmentTray } from "./attachment-tray.tsx";
import { EstimateBar } from "./estimate-bar.tsx";
import { fileEstimates } from "./file-estimates.ts";
import type { EstimateState } from "./use-estimate.ts";

interface ComposerProps {
  readonly messages: readonly Message[];
  readonly draft: Draft;
  readonly estimate: EstimateState;
  readonly running: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onFiles: (files: readonly File[]) => void;
  /** The name of a file that is being opened. */
  readonly opening: string | undefined;
}

/** The field for the next question, with its attachments and its cost. */
export function Composer(props: ComposerProps) {
  const { messages, draft, estimate: state, running, field, onFiles, opening } = props;
  const session = useSession();
  const { settings } = useSettings();
  const problem = settingsProblem(settings);
  const blocked = isEmpty(draft) || problem !== undefined || settings.model === "";
  const before = picturesOf(messages).length;
  const send = (): void => {
    if (!blocked && !running) session.ask();
  };
  return (
    <form
      className="composer"
      aria-label="Question"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AttachmentTray
        pictures={draft.pictures}
        estimates={draft.pictures.map((_, at) => state.estimate?.images[before + at])}
        files={draft.files}
        fileEstimates={fileEstimates(filesOf(messages), draft.files, state.estimate)}
        onRemove={(id) => session.detach(id)}
      />
      {opening === undefined ? null : (
        <p className="note opening" role="status">
          Opening {opening}…
        </p>
      )}
      <div className="composer-row">
        <AttachButton onFiles={onFiles} />
        <QuestionField
          field={field}
          text={draft.text}
          onText={(text) => session.typeDraft(text)}
          onSend={send}
        />
        {running ? (
          <StopButton onStop={() => void session.stop()} />
        ) : (
          <SendButton disabled={blocked} />
        )}
      </div>
      {problem === undefined ? (
        <EstimateBar state={state} />
      ) : (
        <p className="estimate-warning" role="status">
          <Icon name="alert" />
          {problem}
        </p>
      )}
    </form>
  );
}

const MAX_HEIGHT_PX = 240;

interface QuestionFieldProps {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onSend: () => void;
}

/** A text field that grows with its text, up to a bound. */
function QuestionField({ field, text, onText, onSend }: QuestionFieldProps) {
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    // An empty field is as high as one line, whatever the placeholder needs.
    const height = text === "" ? element.clientHeight : element.scrollHeight;
    element.style.height = `${Math.min(height, MAX_HEIGHT_PX)}px`;
  }, [text, field]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSend();
  };
  return (
    <textarea
      ref={field}
      rows={1}
      aria-label="Question"
      placeholder="Ask about a picture, video or PDF"
      value={text}
      onChange={(event) => onText(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}

function SendButton({ disabled }: { readonly disabled: boolean }) {
  return (
    <button
      type="submit"
      className="send-button"
      title="Send (Enter)"
      aria-label="Send"
      disabled={disabled}
    >
      <Icon name="arrowUp" />
    </button>
  );
}

function StopButton({ onStop }: { readonly onStop: () => void }) {
  return (
    <button
      type="button"
      className="send-button"
      title="Stop (Escape)"
      aria-label="Stop"
      onClick={onStop}
    >
      <Icon name="stop" />
    </button>
  );
}

function AttachButton({ onFiles }: Pick<ComposerProps, "onFiles">) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="icon-button"
        title="Add pictures, videos or documents (or drop or paste them)"
        aria-label="Add pictures or files"
        onClick={() => input.current?.click()}
      >
        <Icon name="image" />
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={ACCEPT}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </>
  );
}
