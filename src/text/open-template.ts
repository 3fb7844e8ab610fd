import { VireoError } from "../core/errors.ts";
import { FALLBACK_TEMPLATE } from "./fallback-template.ts";
import { type ChatTemplate, createChatTemplate } from "./template.ts";
import { type ProbeResult, probesOf, probeTemplate } from "./template-probes.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Which template writes the prompts: the checkpoint's alone, the family's built-in one for kinds of
 * requests that the checkpoint's fails, or the built-in one for all.
 */
export type TemplateMode = "checkpoint" | "fallback" | "builtin";

export interface OpenedTemplate extends ChatTemplate {
  /** Where the template comes from that answers requests whose probes passed. */
  readonly origin: "checkpoint" | "builtin";
  /** Of the checkpoint's template, or of the built-in one where that stands in for all. */
  readonly probes: readonly ProbeResult[];
  /** Why the checkpoint's template is not used at all. */
  readonly problem?: string;
}

/**
 * Compiles a checkpoint's chat template and tries it on every kind of request. A request of a kind
 * that failed is refused, or rendered by the built-in template if the mode allows it.
 *
 * source: undefined where the checkpoint has none.
 * Throws invalid_checkpoint if the source cannot be compiled and the mode does not allow another.
 */
export function openTemplate(
  tokenizer: Tokenizer,
  source: string | undefined,
  mode: TemplateMode = "checkpoint",
): OpenedTemplate {
  const builtin = createChatTemplate(tokenizer, FALLBACK_TEMPLATE);
  const standIn = (problem?: string): OpenedTemplate => ({
    ...builtin,
    origin: "builtin",
    probes: probeTemplate(builtin, tokenizer),
    ...(problem === undefined ? {} : { problem }),
  });
  if (source === undefined || mode === "builtin") return standIn();
  let own: ChatTemplate;
  try {
    own = createChatTemplate(tokenizer, source);
  } catch (error) {
    if (!(error instanceof VireoError)) throw error;
    if (mode === "fallback") return standIn(error.message);
    const text = `${error.message}; --template fallback uses the family's built-in one`;
    throw new VireoError(error.code, text, { cause: error.cause });
  }
  const probes = probeTemplate(own, tokenizer);
  const failed = probes.filter(({ problem }) => problem !== undefined);
  return {
    reasoningSwitch: own.reasoningSwitch,
    origin: "checkpoint",
    probes,
    render(messages, options = {}) {
      const kinds = failed.length === 0 ? undefined : probesOf(messages, options);
      const hit = failed.find(({ name }) => kinds?.has(name));
      if (hit === undefined) return own.render(messages, options);
      if (mode === "fallback") return builtin.render(messages, options);
      throw refusal(hit);
    },
  };
}

function refusal({ name, problem, line }: ProbeResult): VireoError {
  const place = line === undefined ? "" : ` (line ${line} of the template)`;
  const message =
    `the chat template of this model cannot render "${name}": ${problem}${place}; the server's ` +
    "operator can allow the built-in template with --template fallback";
  return new VireoError("unsupported_parameter", message, { param: "messages" });
}
