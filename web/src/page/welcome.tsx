import { missingAbilities } from "../media/abilities.ts";
import { isMini } from "../model/known.ts";
import { useServer } from "../state/contexts.ts";
import { Icon } from "../ui/icon.tsx";
import { Logo } from "../ui/logo.tsx";
import { SAMPLES, type Sample } from "./samples.ts";

/** Questions to start from, with a title for each. */
const IDEAS: readonly (readonly [title: string, question: string])[] = [
  ["Describe a picture", "Describe this picture in three sentences."],
  ["Read a document", "Write down all text of this document as Markdown, with its tables."],
  [
    "Extract a table",
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
  readonly onIdea: (question: string) => void;
  readonly onSample: (sample: Sample) => void;
}

/** The greeting of an empty conversation, with samples to start with. */
export function Welcome({ onIdea, onSample }: WelcomeProps) {
  const { model } = useServer();
  return (
    <section className="welcome" aria-label="Welcome">
      <Logo />
      <h1>What shall we look at?</h1>
      <p>
        Drop pictures, videos or PDFs anywhere, paste them, or choose them below. Chats stay in this
        browser; the page talks only to its own server.
      </p>
      {missingAbilities(model).map((problem) => (
        <p key={problem} className="mini-notice">
          <Icon name="alert" />
          <span>{problem}</span>
        </p>
      ))}
      <ul className="samples" aria-label="Samples to start with">
        {SAMPLES.map((sample) => (
          <li key={sample.name}>
            <button type="button" onClick={() => onSample(sample)}>
              <img src={sample.picture} alt="" width="512" height="512" />
              <strong>{sample.name}</strong>
              <span>{sample.question}</span>
            </button>
          </li>
        ))}
      </ul>
      {isMini(model?.id ?? "") ? <MiniNotice /> : <Ideas onIdea={onIdea} />}
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
        The bundled model is very small: it reads pages like these, but makes mistakes, above all in
        numbers. For anything else, start the server with <code>--model</code> and a checkpoint of
        the 12B model. <a href="#/model">About the model</a>
      </span>
    </p>
  );
}
