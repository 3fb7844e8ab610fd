import { useMemo, useState } from "react";
import type { Message } from "../conversation/model.ts";
import { useServer, useSessionState, useSettings } from "../state/contexts.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import { requestBody, streamed } from "../state/request.ts";
import { CodeBox } from "../ui/code.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toAiSdk } from "./ai-sdk.ts";
import { toCurl } from "./curl.ts";
import { toJavaScript } from "./javascript.ts";
import { toPython } from "./python.ts";
import { type CodeRequest, fileUrl } from "./snippet.ts";

const LANGUAGES = [
  ["curl", "curl", toCurl],
  ["python", "Python", toPython],
  ["javascript", "JavaScript", toJavaScript],
  ["ai-sdk", "AI SDK", toAiSdk],
] as const;

interface CodeDialogProps {
  readonly onClose: () => void;
}

/** Shows the next request as code, or the last one if the draft is empty. */
export function CodeDialog({ onClose }: CodeDialogProps) {
  const messages = useSessionState((state) => state.conversation.messages);
  const draft = useSessionState((state) => state.draft);
  const { settings } = useSettings();
  const needsKey = useServer().apiKey !== "";
  const [language, setLanguage] = useState<string>("curl");
  const request = useMemo((): CodeRequest => {
    const body = requestBody(messagesOf(messages, draft), settings, ({ type, name }) =>
      fileUrl(type, name),
    );
    const baseUrl = new URL("v1", document.baseURI).href;
    return { baseUrl, body: streamed(body), needsKey };
  }, [messages, draft, settings, needsKey]);
  const write = LANGUAGES.find(([id]) => id === language)?.[2] ?? toCurl;
  const text = write(request);
  return (
    <Dialog title="This request as code" className="code-dialog" onClose={onClose}>
      <div className="code-head">
        <fieldset className="segments">
          <legend className="hidden">Language</legend>
          {LANGUAGES.map(([id, name]) => (
            <button
              type="button"
              key={id}
              aria-pressed={id === language}
              onClick={() => setLanguage(id)}
            >
              {name}
            </button>
          ))}
        </fieldset>
        <span className="grow" />
        <CopyButton label="code" caption="Copy" text={() => text} />
      </div>
      <CodeBox text={text} language={language} />
      <p className="note">
        The code reads pictures, videos and documents from files of the same names, and the key from
        the environment.
      </p>
    </Dialog>
  );
}

/** Returns the messages of the draft's request, or of the last answer's if there is no draft. */
function messagesOf(messages: readonly Message[], draft: Draft): readonly Message[] {
  const text = draft.text.trim();
  if (!isEmpty(draft)) return [...messages, { role: "user", id: "draft", ...draft, text }];
  const last = messages.findLastIndex((message) => message.role === "assistant");
  if (last > 0) return messages.slice(0, last);
  return [{ role: "user", id: "draft", text: "Hello!", pictures: [] }];
}
