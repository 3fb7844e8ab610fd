import { describe, expect, test } from "vitest";
import type { Delta } from "../api/deltas.ts";
import {
  type Answer,
  newAnswer,
  openCalls,
  type Question,
  titleOf,
} from "../conversation/model.ts";
import { figuresOf } from "./answer.ts";
import { type Action, initialState, reduce, type State } from "./reducer.ts";

const question = (text: string, id = text): Question => ({ role: "user", id, text, pictures: [] });
const run = (actions: readonly Action[], from: State = initialState(0)): State =>
  actions.reduce(reduce, from);

function asked(text: string): { readonly state: State; readonly id: string } {
  const answer = newAnswer("m", 1000);
  const state = run([{ type: "message_added", messages: [question(text), answer], now: 1000 }]);
  return { state, id: answer.id };
}

function answered(deltas: readonly Delta[], at = 1100): Answer {
  const { state, id } = asked("Hi");
  const grown = run([{ type: "delta", id, deltas, now: at }], state);
  const ended = run([{ type: "ended", id, outcome: { status: "done" }, now: 2100 }], grown);
  return ended.conversation.messages.at(-1) as Answer;
}

describe("a conversation", () => {
  test("is named after its first question and listed once", () => {
    const { state } = asked("What is\n this?");
    expect(state.conversation.title).toBe("What is this?");
    const again = run([{ type: "message_added", messages: [question("More")], now: 2000 }], state);
    expect(again.saved.map(({ title }) => title)).toEqual(["What is this?"]);
    expect(again.conversation.updatedAt).toBe(2000);
  });

  test("keeps a name that the user gave it", () => {
    const { state } = asked("Hi");
    const { id } = state.conversation;
    const renamed = run([{ type: "renamed", id, title: "Mine" }], state);
    const cut = run([{ type: "cut", messageId: "Hi" }], renamed);
    expect(cut.conversation).toMatchObject({ title: "Mine", messages: [] });
    expect(cut.saved[0]?.title).toBe("Mine");
  });

  test("long names are cut between characters", () => {
    expect([...titleOf([question("🐦".repeat(99))])]).toHaveLength(60);
  });

  test("deltas go only to the answer's own conversation", () => {
    const { state, id } = asked("Hi");
    const other = run([{ type: "opened", conversation: initialState(0).conversation }], state);
    const deltas: Delta[] = [{ type: "text", text: "late", tokens: [] }];
    expect(run([{ type: "delta", id, deltas, now: 1 }], other)).toEqual(other);
  });

  test("drafts keep their pictures until they are sent", () => {
    const picture = { id: "p", name: "p", type: "image/png", width: 1, height: 1, sizeBytes: 1 };
    const state = run([
      { type: "draft_typed", text: "a" },
      { type: "pictures_added", pictures: [picture] },
    ]);
    expect(state.draft).toEqual({ text: "a", pictures: [picture], files: [] });
    expect(run([{ type: "attachment_removed", id: "p" }], state).draft.pictures).toEqual([]);
    expect(run([{ type: "draft_cleared" }], state).draft).toEqual({
      text: "",
      pictures: [],
      files: [],
    });
  });
});

describe("an answer", () => {
  test("collects reasoning, text and figures", () => {
    const answer = answered([
      { type: "reasoning", text: "h" },
      { type: "reasoning", text: "m" },
      { type: "text", text: "Hi", tokens: [{ token: "Hi", logprob: 0, alternatives: [] }] },
      { type: "finish", reason: "stop" },
      { type: "usage", usage: { prompt_tokens: 5, completion_tokens: 11 } },
    ]);
    expect(answer).toMatchObject({ status: "done", reasoning: "hm", text: "Hi" });
    expect(answer.tokens).toHaveLength(1);
    expect(figuresOf(answer)).toEqual({ firstMs: 100, reasoningMs: 0, tokensPerSecond: 10 });
  });

  test("assembles calls from fragments", () => {
    const answer = answered([
      { type: "tool_call", index: 0, id: "a", name: "f", arguments: "{" },
      { type: "tool_call", index: 0, arguments: "}" },
      { type: "tool_call", index: 1, id: "b", name: "g", arguments: "[]" },
      { type: "tool_call", index: 1e9, id: "c", name: "h", arguments: "" },
    ]);
    expect(answer.toolCalls.map(({ id, arguments: args }) => id + args)).toEqual([
      "a{}",
      "b[]",
      "c",
    ]);
    expect(openCalls([answer])).toHaveLength(3);
    expect(openCalls([{ ...answer, status: "stopped" }])).toEqual([]);
  });
});
