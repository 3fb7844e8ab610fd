// The text that is asked for each item. One changed word changes scores, so prompts are data: each
// harness's own pieces in one place.

import { toText } from "./python/print.ts";
import { lower } from "./python/text.ts";
import { letterOf } from "./scorers/choice.ts";
import type { BenchmarkId, Item, Profile } from "./types.ts";

const LETTER = "Answer with the option's letter from the given choices directly.";
const PHRASE = "Answer the question using a single word or phrase.";
const SELECT = "Please select the correct answer from the options above. ";
const VIDEO_TASK =
  "Select the best answer to the following multiple-choice question based on the video";
const VIDEO_LETTER = "Respond with only the letter (A, B, C, or D) of the correct option.";

type Prompt = (item: Item, profile: Profile) => string;

/** The text of an item's prompt; pictures and videos come before it. */
export function promptOf(item: Item, profile: Profile): string {
  return PROMPTS[item.benchmark](item, profile);
}

/** "strict" asks as "vlmevalkit" does. */
const isKit = (profile: Profile): boolean => profile === "vlmevalkit" || profile === "strict";

function optionLines(options: readonly string[], mark: (letter: string) => string): string {
  return options.map((text, at) => `${mark(letterOf(at))} ${text}\n`).join("");
}

const withDot = (letter: string): string => `${letter}.`;
const inBrackets = (letter: string): string => `(${letter})`;

/** The choice prompt of VLMEvalKit; an open question has no options. */
const kitChoice: Prompt = ({ question, options, fields }) => {
  const hint = fields.hint === undefined ? "" : `Hint: ${toText(fields.hint!)}\n`;
  const lines = options.length === 0 ? "" : `Options:\n${optionLines(options, withDot)}${SELECT}\n`;
  return `${hint}Question: ${question}\n${lines}`;
};

const mmmu: Prompt = (item, profile) => {
  if (isKit(profile)) return kitChoice(item, profile);
  const { question, options } = item;
  if (options.length === 0) return `${question}\n\n${PHRASE}`;
  return `${question}\n${optionLines(options, withDot)}\n${LETTER}`;
};

const ai2d: Prompt = (item, profile) => {
  if (isKit(profile)) return kitChoice(item, profile);
  return `${item.question}\n${optionLines(item.options, withDot)}${LETTER}`;
};

const questionAlone: Prompt = ({ question }) => question;
const withPhrase: Prompt = ({ question }) => `${question}\n${PHRASE}`;

const chartqa: Prompt = ({ question }, profile) =>
  profile === "lmms-eval"
    ? `${question}\nAnswer the question with a single word.`
    : `${question}\n${PHRASE}`;

const textvqa: Prompt = ({ question }, profile) => {
  if (profile !== "lmms-eval") return `${question}\n${PHRASE}`;
  const [first = "", ...rest] = Array.from(question);
  return `${first.toUpperCase()}${lower(rest.join(""))}\n${PHRASE}`;
};

/** The reference's own sentences are not published with its data; these ask for the same. */
const ocrReasoning: Prompt = ({ question, fields }) => {
  const format = toText(fields.format ?? "");
  const language = toText(fields.language ?? "English");
  const task = language.includes("English")
    ? "Solve the problem by step-by-step reasoning. Provide the final answer in the format:"
    : "请通过逐步推理解决问题，并按以下格式给出最终答案：";
  return `${question}\n${task} '${format}'`;
};

/** Options begin with their letters. lmms-eval names subtitles even where none are given. */
const videomme: Prompt = ({ question, options }, profile) => {
  const asked = `${question}\n${options.join("\n")}`;
  if (isKit(profile)) {
    return (
      `\nThese are the frames of a video. ${VIDEO_TASK}. ${VIDEO_LETTER}\n` +
      `Question: ${asked}\nAnswer: `
    );
  }
  if (profile === "official") {
    return `${VIDEO_TASK}. ${VIDEO_LETTER}\n${asked}\nThe best answer is:`;
  }
  return `${VIDEO_TASK} and the subtitles. ${VIDEO_LETTER}\n${asked}\n${LETTER}`;
};

const longvideobench: Prompt = ({ question, options }) =>
  `${question}\n${optionLines(options, withDot)}${LETTER}\n`;

const mvbench: Prompt = ({ question, options }) =>
  `Question:${question}\nOption:\n${optionLines(options, inBrackets)}Only give the best option.\n`;

const PROMPTS: Readonly<Record<BenchmarkId, Prompt>> = {
  mmmu,
  // the stored question holds the hint, the choices and "Solution:"
  mathvista: questionAlone,
  ai2d,
  ocrbench: questionAlone,
  "ocrbench-v2": questionAlone,
  "ocr-reasoning": ocrReasoning,
  chartqa,
  docvqa: withPhrase,
  videomme,
  infovqa: withPhrase,
  textvqa,
  longvideobench,
  mvbench,
};
