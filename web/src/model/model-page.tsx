import type { Model } from "../api/types.ts";
import { useServer } from "../state/contexts.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { Icon } from "../ui/icon.tsx";
import { counted, dollars, price } from "../ui/numbers.ts";
import { SidePage } from "../ui/side-page.tsx";
import { isMini, isNemotron } from "./known.ts";
import { Scores } from "./scores.tsx";

/** The page that shows everything in the server's model list. */
export function ModelPage() {
  const { models } = useServer();
  return (
    <SidePage>
      {models.length === 0 ? <p>The server has not listed its models yet.</p> : null}
      {models.map((model) => (
        <ModelCard key={model.id} model={model} />
      ))}
    </SidePage>
  );
}

function ModelCard({ model }: { readonly model: Model }) {
  const mini = isMini(model.id);
  return (
    <article className="model-card" aria-label={model.id}>
      <h2>{model.name ?? model.id}</h2>
      {model.name === undefined || model.name === model.id ? null : (
        <p>
          <code>{model.id}</code>
        </p>
      )}
      {mini ? <MiniNotice /> : null}
      <p className="model-text">{model.description ?? descriptionOf(model)}</p>
      <Facts facts={factsOf(model)} />
      <section>
        <h3>Parameters of requests</h3>
        <ul className="chips">
          {(model.supported_parameters ?? []).map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      </section>
      {isNemotron(model) ? <Scores /> : null}
    </article>
  );
}

function MiniNotice() {
  return (
    <p className="mini-notice">
      <Icon name="info" />
      <span>
        The bundled model has the architecture of the 12B model with ten million parameters, and was
        trained from scratch on synthetic pages. It reads short printed text, invoices, tables,
        charts and shapes, with many mistakes. For anything else, start the server with{" "}
        <code>--model</code> and a checkpoint of Nemotron Nano 12B v2 VL.
      </span>
    </p>
  );
}

function descriptionOf(model: Model): string {
  if (isMini(model.id))
    return "A small trained model of the same architecture, 17 megabytes in all.";
  if (!isNemotron(model)) return "The server gives no description of this model.";
  return (
    "A vision-language model of NVIDIA with 12 billion parameters: 28 Mamba-2 layers and 6 of " +
    "attention, so that long documents cost little memory. It reads pictures in tiles of 512 " +
    "pixels, and can reason before it answers."
  );
}

function factsOf(model: Model): readonly Fact[] {
  const { architecture, context_length: context, top_provider, pricing, license } = model;
  const longest = top_provider?.max_completion_tokens;
  return [
    ...(context === undefined ? [] : [["Context", counted(context, "token")] as const]),
    ...(longest === undefined ? [] : [["Longest answer", counted(longest, "token")] as const]),
    ...list("Reads", architecture?.input_modalities),
    ...list("Writes", architecture?.output_modalities),
    ...(model.owned_by === undefined ? [] : [["Made by", model.owned_by] as const]),
    ["Licence", license || licenceOf(model)],
    ["Price", priceText(pricing)],
  ];
}

function list(name: string, values: readonly string[] | undefined) {
  return values === undefined || values.length === 0 ? [] : [[name, values.join(", ")] as const];
}

function licenceOf(model: Model): string {
  if (isMini(model.id)) return "Apache-2.0, like the program";
  return isNemotron(model) ? "NVIDIA Open Model License" : "not given by the server";
}

const MILLION = 1_000_000;

function priceText(pricing: Model["pricing"]): string {
  const prompt = price(pricing?.prompt);
  const completion = price(pricing?.completion);
  const image = price(pricing?.image);
  const parts = [
    ...(prompt === undefined ? [] : [`${dollars(prompt * MILLION)} per million tokens in`]),
    ...(completion === undefined ? [] : [`${dollars(completion * MILLION)} out`]),
    ...(image === undefined ? [] : [`${dollars(image)} per picture`]),
  ];
  return parts.length === 0 ? "none set by the operator" : parts.join(", ");
}
