import { type RefObject, useEffect, useRef, useState } from "react";
import type { Prices } from "../api/types.ts";
import { filesBefore, type Message, openCalls, picturesBefore } from "../conversation/model.ts";
import { Icon } from "../ui/icon.tsx";
import { AnswerMessage } from "./answer-message.tsx";
import { QuestionMessage } from "./question-message.tsx";
import { ToolForm, ToolResultMessage } from "./tools.tsx";

interface ThreadProps {
  readonly messages: readonly Message[];
  readonly running: boolean;
  readonly prices: Prices | undefined;
}

/** The messages of a conversation, with a status for screen readers. */
export function Thread({ messages, running, prices }: ThreadProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { away, toEnd } = useFollow(scroller, messages);
  const calls = openCalls(messages);
  return (
    <div className="thread" ref={scroller}>
      <section className="messages" aria-label="Conversation" aria-busy={running}>
        {messages.map((message, at) => (
          <MessageView key={message.id} messages={messages} at={at} prices={prices} />
        ))}
        {calls.length > 0 ? <ToolForm key={messages.at(-1)?.id} calls={calls} /> : null}
      </section>
      {away ? (
        <button type="button" className="to-end" aria-label="To the latest message" onClick={toEnd}>
          <Icon name="arrowDown" />
        </button>
      ) : null}
      <Spoken messages={messages} />
    </div>
  );
}

interface MessageViewProps {
  readonly messages: readonly Message[];
  readonly at: number;
  readonly prices: Prices | undefined;
}

function MessageView({ messages, at, prices }: MessageViewProps) {
  const message = messages[at];
  switch (message?.role) {
    case "user":
      return <QuestionMessage question={message} />;
    case "assistant": {
      const pictures = picturesBefore(messages, message.id);
      const files = filesBefore(messages, message.id);
      return <AnswerMessage answer={message} pictures={pictures} files={files} prices={prices} />;
    }
    case "tool":
      return <ToolResultMessage result={message} />;
    default:
      return null;
  }
}

/** A user closer to the end than this, in pixels, follows the answer. */
const FOLLOW_PX = 120;

/** Keeps the end in view while it grows, unless the user has scrolled away. */
function useFollow(
  scroller: RefObject<HTMLDivElement | null>,
  messages: readonly Message[],
): { readonly away: boolean; readonly toEnd: () => void } {
  const [away, setAway] = useState(false);
  const follows = useRef(true);
  const known = useRef(0);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let top = 0;
    const measure = (): void => {
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      // Only scrolling up is the user's; the distance to the end also grows with the answer.
      if (left < FOLLOW_PX) follows.current = true;
      else if (element.scrollTop < top) follows.current = false;
      top = element.scrollTop;
      setAway(left > 2 * FOLLOW_PX);
    };
    const resized = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
      measure();
    });
    element.addEventListener("scroll", measure, { passive: true });
    resized.observe(element);
    if (element.firstElementChild !== null) resized.observe(element.firstElementChild);
    return () => {
      element.removeEventListener("scroll", measure);
      resized.disconnect();
    };
  }, [scroller]);
  useEffect(() => {
    // A new message brings the end into view.
    if (messages.length > known.current) follows.current = true;
    known.current = messages.length;
    const element = scroller.current;
    if (follows.current && element !== null) element.scrollTop = element.scrollHeight;
  }, [messages, scroller]);
  const toEnd = (): void => {
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    follows.current = true;
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior });
  };
  return { away, toEnd };
}

const SPOKEN_CHARACTERS = 600;

/** Announces the state of the answer to screen readers, not each word. */
function Spoken({ messages }: { readonly messages: readonly Message[] }) {
  const last = messages.at(-1);
  let status = "";
  if (last?.role === "assistant") {
    if (last.status === "streaming") status = "Answering";
    if (last.status === "done") status = `Answer: ${last.text.slice(0, SPOKEN_CHARACTERS)}`;
    if (last.status === "done" && last.toolCalls.length > 0) status = "The model calls tools";
    if (last.status === "stopped") status = "Stopped";
  }
  return (
    <p className="hidden" role="status">
      {status}
    </p>
  );
}
