import { isMini } from "../model/known.ts";
import { Icon } from "../ui/icon.tsx";
import { Logo } from "../ui/logo.tsx";
import { SAMPLES, type Sample } from "./samples.ts";

/** Beginnings of questions, with what they show. */
const IDEAS: readonly (readonly [title: string, question: string])[] = [
  ["Describe a picture", "Describe this picture in three sentences."],
  ["Read a document", "Write down all text of this document as Markdown, with its tables."],
  [
    "Take out a table",
    'Give every line of this receipt as JSON: an array of objects with "item", "quantity" and ' +
      '"price".',
  ],
  [
    "Find things",
    "Where are the people in this picture? Answer with JSON: an array of objects with " +
      '"label" and "bbox" as [x1, y1, x2, y2] in thousandths of the picture.',
  ],
];

interface WelcomeProps {
  readonly model: string;
  readonly onIdea: (question: string) => void;
  readonly onSample: (sample: Sample) => void;
}

/** What an empty conversation shows. */
export function Welcome({ model, onIdea, onSample }: WelcomeProps) {
  const mini = isMini(model);
  return (
    <section className="welcome" aria-label="Welcome">
      <Logo />
      <h1>What shall we look at?</h1>
      <p>
        Drop pictures, videos or PDFs anywhere, paste them, or choose them below. Chats stay in this
        browser; the page talks to no one but its own server.
      </p>
      <ul className="samples" aria-label="Pictures to begin with">
        {SAMPLES.map((sample) => (
          <li key={sample.name}>
            <button type="button" onClick={() => onSample(sample)}>
              <img src={sample.url} alt="" width="512" height="512" />
              <strong>{sample.name}</strong>
              <span>{sample.question}</span>
            </button>
          </li>
        ))}
      </ul>
      {mini ? <MiniNotice /> : <Ideas onIdea={onIdea} />}
    </section>
  );
}

function Ideas({ onIdea }: Pick<WelcomeProps, "onIdea">) {
  return (
    <ul className="ideas">
      {IDEAS.map(([title, question]) => (
        <li key={title}>
          <button type="button" onClick={() => onIdea(question)}>
            <strong>{title}</strong>
            <span>{question}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function MiniNotice() {
  return (
    <p className="mini-notice">
      <Icon name="info" />
      <span>
        The model in the box is very small: it has begun to read pages like these, with mistakes,
        above all in numbers. Start the server with <code>--model</code> and a checkpoint of the 12B
        model for anything else. <a href="#/model">About the model</a>
      </span>
    </p>
  );
}
