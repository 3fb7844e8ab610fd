import { type RefObject, useMemo } from "react";
import { ThreadActionsProvider } from "../chat/actions.ts";
import { Thread } from "../chat/thread.tsx";
import { Composer } from "../composer/composer.tsx";
import { useEstimate } from "../composer/use-estimate.ts";
import type { Files } from "../composer/use-files.ts";
import { isRunning, useServer, useSession, useSessionState } from "../state/contexts.ts";
import { AttachedPreview } from "./attached-preview.tsx";
import { type Sample, sampleFile } from "./samples.ts";
import { Welcome } from "./welcome.tsx";

interface ChatPageProps {
  readonly files: Files;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

export function ChatPage({ files, field }: ChatPageProps) {
  const session = useSession();
  const conversation = useSessionState((state) => state.conversation);
  const draft = useSessionState((state) => state.draft);
  const running = useSessionState(isRunning);
  const { model } = useServer();
  const { messages } = conversation;
  const estimate = useEstimate({ messages, draft, paused: running });
  const actions = useMemo(
    () => ({
      regenerate: (answerId: string) => void session.regenerate(answerId),
      edit: (...edit: Parameters<typeof session.edit>) => void session.edit(...edit),
      giveResults: (texts: readonly string[]) => session.giveResults(texts),
    }),
    [session],
  );
  const onIdea = (question: string): void => {
    session.typeDraft(question);
    field.current?.focus();
  };
  const onSample = async (sample: Sample): Promise<void> => {
    onIdea(sample.question);
    files.add([await sampleFile(sample)]);
  };
  const isNew = messages.length === 0;
  const isAttached = draft.pictures.length + draft.files.length > 0;
  return (
    <ThreadActionsProvider value={actions}>
      {isNew && !isAttached ? (
        <Welcome onIdea={onIdea} onSample={(sample) => void onSample(sample)} />
      ) : null}
      {isNew && isAttached ? (
        <AttachedPreview draft={draft} images={estimate.estimate?.images} />
      ) : null}
      {isNew ? null : (
        <>
          <h1 className="hidden">{conversation.title}</h1>
          <Thread
            key={conversation.id}
            messages={messages}
            running={running}
            prices={model?.pricing}
          />
        </>
      )}
      <Composer
        messages={messages}
        draft={draft}
        estimate={estimate}
        running={running}
        field={field}
        onFiles={files.add}
        opening={files.opening}
      />
    </ThreadActionsProvider>
  );
}
