import { isRecord } from "../api/failure.ts";
import { inspectSchema, inspectTools } from "./inspect.ts";

export type ReasoningMode = "auto" | "on" | "off";
export type FormatMode = "text" | "json_object" | "json_schema";

/**
 * The settings as the user typed them. Numbers stay text. An empty field means the server's default
 * and is omitted from requests.
 */
export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly topK: string;
  readonly maxTokens: string;
  readonly seed: string;
  /** One per line; \n and \t stand for a line break and a tab. */
  readonly stop: string;
  readonly frequencyPenalty: string;
  readonly presencePenalty: string;
  readonly repetitionPenalty: string;
  readonly reasoning: ReasoningMode;
  readonly reasoningBudget: string;
  readonly maxTiles: string;
  /** The share of a video's tokens that EVS drops. */
  readonly videoPruning: string;
  readonly videoFps: string;
  readonly videoFrames: string;
  readonly logprobs: boolean;
  readonly tools: string;
  /** auto, none, required, or the name of a tool. */
  readonly toolChoice: string;
  readonly parallelToolCalls: boolean;
  readonly format: FormatMode;
  readonly schema: string;
}

export const DEFAULTS: Settings = Object.freeze({
  model: "",
  system: "",
  temperature: "",
  topP: "",
  topK: "",
  maxTokens: "",
  seed: "",
  stop: "",
  frequencyPenalty: "",
  presencePenalty: "",
  repetitionPenalty: "",
  reasoning: "auto",
  reasoningBudget: "",
  maxTiles: "",
  videoPruning: "",
  videoFps: "",
  videoFrames: "",
  logprobs: false,
  tools: "",
  toolChoice: "auto",
  parallelToolCalls: true,
  format: "text",
  schema: "",
});

const MODES: Readonly<Record<string, readonly string[]>> = {
  reasoning: ["auto", "on", "off"],
  format: ["text", "json_object", "json_schema"],
};

/** Reads stored settings; anything unexpected becomes the default. */
export function readSettings(stored: string | null): Settings {
  let value: unknown;
  try {
    value = JSON.parse(stored ?? "{}");
  } catch {
    return DEFAULTS;
  }
  if (!isRecord(value)) return DEFAULTS;
  const entries = Object.entries(DEFAULTS).map(([name, standard]) => {
    const entry = value[name];
    const fits = typeof entry === typeof standard && (MODES[name]?.includes(String(entry)) ?? true);
    return [name, fits ? entry : standard];
  });
  return Object.fromEntries(entries) as Settings;
}

interface NumberRange {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const MAX_TOKENS = 2 ** 31 - 1;

/** The number fields with the ranges that the server accepts. */
export const NUMBERS = {
  temperature: { label: "Temperature", min: 0, max: 2, whole: false },
  topP: { label: "Top-p", min: 0.01, max: 1, whole: false },
  topK: { label: "Top-k", min: -1, max: 1_000_000, whole: true },
  maxTokens: { label: "Longest answer", min: 1, max: MAX_TOKENS, whole: true },
  seed: {
    label: "Seed",
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    whole: true,
  },
  frequencyPenalty: { label: "Frequency penalty", min: -2, max: 2, whole: false },
  presencePenalty: { label: "Presence penalty", min: -2, max: 2, whole: false },
  repetitionPenalty: { label: "Repetition penalty", min: 0.01, max: 100, whole: false },
  reasoningBudget: { label: "Reasoning budget", min: 1, max: MAX_TOKENS, whole: true },
  maxTiles: { label: "Tiles per picture", min: 1, max: 12, whole: true },
  videoPruning: { label: "Tokens left out", min: 0, max: 0.99, whole: false },
  videoFps: { label: "Frames a second", min: 0.01, max: 1000, whole: false },
  videoFrames: { label: "Frames at most", min: 1, max: 1024, whole: true },
} as const satisfies Readonly<Partial<Record<keyof Settings, NumberRange>>>;

export type NumberField = keyof typeof NUMBERS;

/** Describes the problem of a number field in a sentence; undefined if there is none. */
export function numberProblem(field: NumberField, text: string): string | undefined {
  if (text.trim() === "") return undefined;
  const { label, min, max, whole } = NUMBERS[field];
  const value = Number(text);
  if (!Number.isFinite(value)) return `${label} must be a number.`;
  if (whole && !Number.isInteger(value)) return `${label} must be a whole number.`;
  if (value < min) return `${label} must be at least ${min}.`;
  if (value > max) return `${label} must be at most ${max}.`;
  return undefined;
}

/** Returns the first reason why the settings make no valid request; undefined if they do. */
export function settingsProblem(settings: Settings): string | undefined {
  for (const field of Object.keys(NUMBERS) as NumberField[]) {
    const problem = numberProblem(field, settings[field]);
    if (problem !== undefined) return problem;
  }
  const tools = inspectTools(settings.tools);
  if ("problem" in tools) return `Tools: ${tools.problem}`;
  if (settings.format !== "json_schema") return undefined;
  const schema = inspectSchema(settings.schema);
  return "problem" in schema ? `JSON schema: ${schema.problem}` : undefined;
}

/** Counts the settings that differ from the defaults, without the model. */
export function changedCount(settings: Settings): number {
  return Object.entries(DEFAULTS).filter(
    ([name, standard]) => name !== "model" && settings[name as keyof Settings] !== standard,
  ).length;
}
