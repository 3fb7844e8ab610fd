import { useMemo, useState } from "react";
import type { Message } from "../state/conversation.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import { requestBody, streamed } from "../state/request.ts";
import type { Settings } from "../state/settings.ts";
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
  readonly messages: readonly Message[];
  readonly draft: Draft;
  readonly settings: Settings;
  readonly needsKey: boolean;
  readonly onClose: () => void;
}

/** The next request, or the last one if nothing is being written, as code. */
export function CodeDialog({ messages, draft, settings, needsKey, onClose }: CodeDialogProps) {
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys must reach what scrolls. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <p className="note">
        Pictures, videos and documents are read from files of their names. A key is never written
        out.
      </p>
    </Dialog>
  );
}

/** The draft's request; without a draft that of the last answer. */
function messagesOf(messages: readonly Message[], draft: Draft): readonly Message[] {
  const text = draft.text.trim();
  if (!isEmpty(draft)) return [...messages, { role: "user", id: "draft", ...draft, text }];
  const last = messages.findLastIndex((message) => message.role === "assistant");
  if (last > 0) return messages.slice(0, last);
  return [{ role: "user", id: "draft", text: "Hello!", pictures: [] }];
}
