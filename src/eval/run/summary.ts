// Scores the answers of a run, and sums them up. Needs no model, so that answers can be scored
// again.

import { join } from "node:path";
import { defined } from "../../core/defined.ts";
import { writeUserFile } from "../../disk/user-files.ts";
import { openDataset } from "../dataset.ts";
import { groupBy } from "../group-by.ts";
import { PUBLISHED } from "../published.ts";
import {
  countedFor,
  type Headline,
  headlinesOf,
  observationOf,
  PARSER_VERSION,
  type Placed,
  scoreAnswer,
} from "../score-item.ts";
import { type Estimate, estimate, isIndependent } from "../statistics/bootstrap.ts";
import { wilson } from "../statistics/proportion.ts";
import { type Item, type Score, STATES, type State } from "../types.ts";
import { type AnswerLine, readAnswers } from "./answer-log.ts";
import { type RunRecord, readRecord } from "./run.ts";

/** A line of scores.jsonl. */
export interface ScoreLine extends Placed {
  readonly id: string;
  readonly key: string;
}

export interface HeadlineResult extends Estimate {
  readonly key: string;
  readonly title: string;
  /** The published score in percent, with the same setting of reasoning. */
  readonly published?: number;
}

export interface Summary {
  readonly parser: number;
  readonly record: RunRecord;
  readonly headlines: readonly HeadlineResult[];
  readonly states: Readonly<Record<State, number>>;
  /** Items without an answer yet. */
  readonly missing: number;
  /** Items whose score the reference computes with data that is not here. */
  readonly approximate: number;
  /** Means of other scores, such as the expectation of dice. */
  readonly others: Readonly<Record<string, number>>;
  /** For each group the mean of each of its values: { subject: { Art: { value, items } } }. */
  readonly groups: Readonly<
    Record<string, Readonly<Record<string, { readonly value: number; readonly items: number }>>>
  >;
  readonly tokens: {
    readonly prompt: number;
    readonly completion: number;
    readonly visual: number;
  };
  /** Mean seconds per answered item. */
  readonly seconds: number;
}

/** Scores a run again and writes scores.jsonl and summary.json. */
export async function summariseRun(folder: string): Promise<Summary> {
  const record = await readRecord(folder);
  const byId = new Map<string, AnswerLine>();
  for (const answer of (await readAnswers(join(folder, "answers.jsonl"))).values()) {
    const earlier = byId.get(answer.id);
    if (earlier === undefined || answer.error === undefined) byId.set(answer.id, answer);
  }
  const { benchmark, profile, reasoning } = record.settings;
  const dataset = await openDataset(benchmark, record.data);
  const lines: ScoreLine[] = [];
  for await (const item of dataset.read({ media: false })) {
    const answer = byId.get(item.id);
    if (answer === undefined) continue;
    const { id, groups, cluster } = item;
    lines.push({ id, key: answer.key, groups, cluster, score: scoreLine(item, answer, record) });
  }
  const headlines = headlinesOf(benchmark, profile).flatMap((headline) =>
    resultOf(lines, headline, reasoning),
  );
  const summary = {
    parser: PARSER_VERSION,
    record,
    headlines,
    ...countsOf(lines, record, byId),
    groups: groupMeans(lines),
  };
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await writeUserFile(join(folder, "scores.jsonl"), text);
  await writeUserFile(join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

function scoreLine(item: Item, answer: AnswerLine, { settings }: RunRecord): Score {
  if (answer.error !== undefined) {
    return { value: 0, state: "error", parsed: null, rule: "no answer" };
  }
  if (item.golds.length === 0 && item.fields.content === undefined) {
    return { value: 0, state: "wrong", parsed: null, rule: "no public answer", ignored: true };
  }
  const { text, reasoning, finishReason } = answer;
  const raw = { text, reasoning, finishReason, isReasoned: settings.reasoning };
  return scoreAnswer(item, raw, settings.profile);
}

/** Proportions get Wilson's interval, other means the bootstrap's; no items, no result. */
function resultOf(
  lines: readonly ScoreLine[],
  headline: Headline,
  reasoning: boolean,
): HeadlineResult[] {
  const observations = countedFor(lines, headline).map((line) => observationOf(line, headline));
  if (observations.length === 0) return [];
  const { key, title, weighting } = headline;
  const result = estimate(observations, weighting, key);
  const isProportion =
    weighting === "items" &&
    isIndependent(observations) &&
    observations.every(({ value }) => value === 0 || value === 1);
  const right = observations.filter(({ value }) => value === 1).length;
  // a bootstrap of few clusters may reach beyond the ends of the scale
  const interval = isProportion
    ? wilson(right, observations.length)
    : { low: Math.max(0, result.low), high: Math.min(1, result.high) };
  const scores = key in PUBLISHED ? PUBLISHED[key as keyof typeof PUBLISHED] : undefined;
  const published = reasoning ? scores?.on : scores?.off;
  return [{ key, title, ...result, ...interval, ...defined({ published }) }];
}

function countsOf(
  lines: readonly ScoreLine[],
  record: RunRecord,
  answers: ReadonlyMap<string, AnswerLine>,
) {
  const counted = lines.filter(({ score }) => score.ignored !== true);
  const states = Object.fromEntries(
    STATES.map((state) => [state, counted.filter(({ score }) => score.state === state).length]),
  ) as Record<State, number>;
  const all = [...answers.values()];
  const sum = (of: (answer: AnswerLine) => number): number =>
    all.reduce((total, answer) => total + of(answer), 0);
  return {
    states,
    missing: Math.max(0, record.items - lines.length),
    approximate: counted.filter(({ score }) => score.approximate === true).length,
    others: otherMeans(counted),
    tokens: {
      prompt: sum(({ tokens }) => tokens.prompt),
      completion: sum(({ tokens }) => tokens.completion),
      visual: sum(({ tokens }) => tokens.visual),
    },
    seconds: all.length === 0 ? 0 : sum(({ totalMs }) => totalMs) / 1000 / all.length,
  };
}

/** Means of the other scores over all items; an item without one counts with its own value. */
function otherMeans(lines: readonly ScoreLine[]): Record<string, number> {
  const names = new Set(lines.flatMap(({ score }) => Object.keys(score.others ?? {})));
  const mean = (name: string): number =>
    lines.reduce((sum, { score }) => sum + (score.others?.[name] ?? score.value), 0) / lines.length;
  return Object.fromEntries([...names].map((name) => [name, mean(name)]));
}

function groupMeans(lines: readonly ScoreLine[]): Summary["groups"] {
  const counted = lines.filter(({ score }) => score.ignored !== true);
  const names = new Set(counted.flatMap(({ groups }) => Object.keys(groups)));
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const having = counted.filter(({ groups }) => groups[name] !== undefined);
      const values = [...groupBy(having, ({ groups }) => groups[name]!)].sort();
      const means = values.map(([value, list]) => {
        const sum = list.reduce((total, { score }) => total + score.value, 0);
        return [value, { value: sum / list.length, items: list.length }] as const;
      });
      return [name, Object.fromEntries(means)];
    }),
  );
}
