import { type RefObject, useMemo } from "react";
import { ThreadActionsProvider } from "../chat/actions.ts";
import { Thread } from "../chat/thread.tsx";
import { Composer } from "../composer/composer.tsx";
import { LookProvider } from "../media/asked.ts";
import { type Sample, sampleFile } from "./samples.ts";
import type { Playground } from "./use-playground.ts";
import { Welcome } from "./welcome.tsx";

interface ChatPageProps {
  readonly playground: Playground;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

export function ChatPage({ playground, field }: ChatPageProps) {
  const { session, state, running, settings, change, models, apiKey, files } = playground;
  const { conversation, draft } = state;
  const { messages } = conversation;
  const prices = models.models.find(({ id }) => id === settings.model)?.pricing;
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
    files.add([await sampleFile(sample)]);
    onIdea(sample.question);
  };
  const look = useMemo(
    () => ({ settings, apiKey, prices, change }),
    [settings, apiKey, prices, change],
  );
  return (
    <LookProvider value={look}>
      <ThreadActionsProvider value={actions}>
        {messages.length === 0 ? (
          <Welcome
            model={settings.model}
            onIdea={onIdea}
            onSample={(sample) => void onSample(sample)}
          />
        ) : (
          <>
            <h1 className="hidden">{conversation.title}</h1>
            <Thread key={conversation.id} messages={messages} running={running} prices={prices} />
          </>
        )}
        <Composer
          session={session}
          messages={messages}
          draft={draft}
          settings={settings}
          apiKey={apiKey}
          running={running}
          field={field}
          onFiles={files.add}
          opening={files.opening}
        />
      </ThreadActionsProvider>
    </LookProvider>
  );
}
