import { z } from "zod";
import { type ChatRequest, GREEDY, type SamplingOptions } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { samplingFields } from "./fields.ts";
import { describeValue } from "./schema-errors.ts";

const samplingBody = z.object(samplingFields);
export type SamplingBody = Partial<z.infer<typeof samplingBody>>;

/** Published defaults for answers with reasoning. Source: MODEL.md § Sampling. */
const THINKING = { temperature: 0.6, topP: 0.95 } as const;

/** thinks: the answer begins with reasoning, which has other defaults. */
export function toSampling(body: SamplingBody, thinks: boolean): SamplingOptions {
  const { temperature, topP } = thinks ? THINKING : GREEDY;
  return {
    temperature: body.temperature ?? temperature,
    topP: body.top_p ?? topP,
    topK: body.top_k ?? GREEDY.topK,
    minP: body.min_p ?? GREEDY.minP,
    repetitionPenalty: body.repetition_penalty ?? GREEDY.repetitionPenalty,
    frequencyPenalty: body.frequency_penalty ?? GREEDY.frequencyPenalty,
    presencePenalty: body.presence_penalty ?? GREEDY.presencePenalty,
    logitBias: parseLogitBias(body.logit_bias ?? {}),
    ...(body.bad_words && body.bad_words.length > 0 ? { badWords: body.bad_words } : {}),
    ...(typeof body.seed === "number" ? { seed: BigInt(body.seed) } : {}),
  };
}

/** The conditions that end an answer, other than its maximum length. */
export function toStopConditions(
  body: SamplingBody,
): Pick<ChatRequest, "stop" | "stopTokenIds" | "minTokens" | "ignoreEos"> {
  const stop = body.stop ?? [];
  const stopTokenIds = body.stop_token_ids ?? [];
  return {
    stop: typeof stop === "string" ? [stop] : stop,
    ...(stopTokenIds.length === 0 ? {} : { stopTokenIds }),
    ...(typeof body.min_tokens === "number" ? { minTokens: body.min_tokens } : {}),
    ...(typeof body.ignore_eos === "boolean" ? { ignoreEos: body.ignore_eos } : {}),
  };
}

function parseLogitBias(map: object): [number, number][] {
  const entries = Object.entries(map);
  const refuse = (why: string): VireoError =>
    new VireoError("out_of_range", `logit_bias ${why}`, { param: "logit_bias" });
  if (entries.length > LIMITS.request.logitBiasEntries) {
    throw refuse(
      `has ${entries.length} entries; at most ${LIMITS.request.logitBiasEntries} are accepted`,
    );
  }
  const { vocabularyTokens: ids } = LIMITS.checkpoint;
  return entries.map(([key, value]: [string, unknown]) => {
    if (!/^\d{1,7}$/.test(key) || Number(key) >= ids) {
      throw refuse(`has the key ${describeValue(key)}; send token ids below ${ids}`);
    }
    if (typeof value !== "number" || !(Math.abs(value) <= 100)) {
      throw refuse(`gives token ${key} ${describeValue(value)}; send -100 to 100`);
    }
    return [Number(key), value];
  });
}
