import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { ACCEPT } from "../media/kinds.ts";
import { filesOf, type Message, picturesOf } from "../state/conversation.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import type { Session } from "../state/session.ts";
import { type Settings, settingsProblem } from "../state/settings.ts";
import { Icon } from "../ui/icon.tsx";
import { EstimateBar } from "./estimate-bar.tsx";
import { fileEstimates } from "./file-estimates.ts";
import { PictureTray } from "./picture-tray.tsx";
import { useEstimate } from "./use-estimate.ts";

interface ComposerProps {
  readonly session: Session;
  readonly messages: readonly Message[];
  readonly draft: Draft;
  readonly settings: Settings;
  readonly apiKey: string;
  readonly running: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onFiles: (files: readonly File[]) => void;
  /** The name of a file that is being opened. */
  readonly opening: string | undefined;
}

/** Where questions are written, with what they will cost. */
export function Composer(props: ComposerProps) {
  const { session, messages, draft, settings, apiKey, running, field, onFiles, opening } = props;
  const state = useEstimate({ messages, draft, settings, apiKey, paused: running });
  const problem = settingsProblem(settings);
  const blocked = isEmpty(draft) || problem !== undefined || settings.model === "";
  const before = picturesOf(messages).length;
  const filesBefore = filesOf(messages);
  useHeight(field, draft.text);
  const send = (): void => {
    if (!blocked && !running) session.ask();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
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
      <PictureTray
        pictures={draft.pictures}
        estimates={draft.pictures.map((_, at) => state.estimate?.images[before + at])}
        files={draft.files}
        fileEstimates={fileEstimates(filesBefore, draft.files, state.estimate)}
        onRemove={(id) => session.detach(id)}
      />
      {opening === undefined ? null : (
        <p className="note opening" role="status">
          Opening {opening}…
        </p>
      )}
      <div className="composer-row">
        <FileButton onFiles={onFiles} />
        <textarea
          ref={field}
          rows={1}
          aria-label="Question"
          placeholder="Ask about a picture, video or PDF"
          value={draft.text}
          onChange={(event) => session.typeDraft(event.target.value)}
          onKeyDown={onKeyDown}
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

function FileButton({ onFiles }: { readonly onFiles: ComposerProps["onFiles"] }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="icon-button"
        title="Add pictures, videos or PDFs (or drop, or paste them)"
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

const HEIGHT_MOST_PX = 240;

/** The field is as high as its text, up to a bound. */
function useHeight(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text makes the height.
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, HEIGHT_MOST_PX)}px`;
  }, [text, field]);
}
