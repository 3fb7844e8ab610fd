// The items of a report: prompt, picture, golds, answer, and the value and rule that decided.

import { join } from "node:path";
import { encodeJpeg } from "../../media/encode.ts";
import { decodeImage } from "../../media/image.ts";
import { openDataset } from "../dataset.ts";
import { promptOf } from "../prompts.ts";
import { print } from "../python/print.ts";
import type { Item } from "../types.ts";
import { type AnswerLine, readAnswers } from "./answer-log.ts";
import { readScores } from "./compare-runs.ts";
import { escapeBeginning, escapeHtml, percent } from "./report-html.ts";
import type { ScoreLine, Summary } from "./summary.ts";

/** Later items have no picture, so that the file stays small enough for a browser. */
const MAX_PICTURES = 1000;
const PICTURE_SIDE_PX = 320;

/** Outcomes of an item in two runs, for the filter. */
export const OUTCOMES = [
  "A right, B wrong",
  "A wrong, B right",
  "both right",
  "neither right",
] as const;

/** Scores and answers of one run. */
interface Results {
  readonly scores: ReadonlyMap<string, ScoreLine>;
  readonly answers: ReadonlyMap<string, AnswerLine>;
}

interface Result {
  readonly line: ScoreLine;
  readonly answer: AnswerLine;
}

/** Each answered item folded; with `other`, the answers of both runs side by side. */
export async function* itemsOf(
  folder: string,
  { record }: Summary,
  other?: string,
): AsyncGenerator<string> {
  const first = await resultsOf(folder);
  const second = other === undefined ? undefined : await resultsOf(other);
  const dataset = await openDataset(record.settings.benchmark, record.data);
  let pictures = 0;
  for await (const item of dataset.read()) {
    const a = resultOf(first, item.id);
    const b = second && resultOf(second, item.id);
    if (a === undefined || (second !== undefined && b === undefined)) continue;
    const picture = pictures < MAX_PICTURES ? await pictureOf(item) : "";
    if (picture !== "") pictures += 1;
    yield htmlOf(item, promptOf(item, record.settings.profile), picture, a, b);
  }
}

async function resultsOf(folder: string): Promise<Results> {
  const scores = new Map((await readScores(folder)).map((line) => [line.id, line]));
  return { scores, answers: await readAnswers(join(folder, "answers.jsonl")) };
}

function resultOf({ scores, answers }: Results, id: string): Result | undefined {
  const line = scores.get(id);
  const answer = line && answers.get(line.key);
  return line && answer && { line, answer };
}

/** The first picture as a small JPEG in a data URL; a picture that cannot be read is left out. */
async function pictureOf({ media }: Item): Promise<string> {
  const picture = media.find(({ type }) => type === "image");
  if (picture?.type !== "image") return "";
  try {
    const image = await decodeImage(await picture.read(), { exifOrientation: "ignore" });
    const jpeg = await encodeJpeg(image, PICTURE_SIDE_PX);
    return `data:image/jpeg;base64,${jpeg.toString("base64")}`;
  } catch {
    return "";
  }
}

function htmlOf(item: Item, prompt: string, picture: string, a: Result, b?: Result): string {
  const { state, value, rule } = a.line.score;
  const decided = b === undefined ? `${state}, ${percent(value)} %, rule "${rule}"` : outcome(a, b);
  const thumbnail = picture === "" ? "" : `<img src="${picture}" alt="" loading="lazy">`;
  const facts = { state, rule, ...(b === undefined ? {} : { outcome: outcome(a, b) }) };
  const data = Object.entries(facts).map(([name, text]) => `data-${name}="${escapeHtml(text)}"`);
  const results =
    b === undefined
      ? resultHtml("answer", a)
      : `<div class="pair"><div>${resultHtml("A", a)}</div><div>${resultHtml("B", b)}</div></div>`;
  return `<details class="item" ${data.join(" ")}><summary>${thumbnail}
<span><b>${escapeHtml(item.id)}</b><br>
<span class="dot ${state}"></span>${escapeHtml(decided)}</span>
</summary><div class="body">${block("prompt", prompt)}
${block("gold", item.golds.map(print).join(" or "))}${results}</div></details>`;
}

function outcome(a: Result, b: Result): (typeof OUTCOMES)[number] {
  const isRight = ({ line }: Result): boolean => line.score.state === "right";
  if (isRight(a)) return isRight(b) ? "both right" : "A right, B wrong";
  return isRight(b) ? "A wrong, B right" : "neither right";
}

function resultHtml(name: string, { line, answer }: Result): string {
  const { state, value, rule, parsed } = line.score;
  const { tokens, totalMs, reasoning } = answer;
  const figures = `${tokens.prompt} prompt tokens, ${tokens.completion} answered, ${totalMs} ms`;
  const thought =
    reasoning === ""
      ? ""
      : `<details><summary>reasoning</summary><pre>${escapeBeginning(reasoning)}</pre></details>`;
  return [
    block(name, answer.error ?? answer.text),
    thought,
    block("read", parsed ?? ""),
    `<p>${escapeHtml(`${state}, ${percent(value)} %, rule "${rule}"`)}</p>`,
    `<p class="dim">${figures}</p>`,
  ].join("\n");
}

function block(name: string, text: string): string {
  return text === "" ? "" : `<b>${name}</b><pre dir="auto">${escapeBeginning(text)}</pre>`;
}
