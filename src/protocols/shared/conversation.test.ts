import { describe, expect, test } from "vitest";
import type { ContentPart } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { Conversation, MISSING_RESULT, type PastCall } from "./conversation.ts";

const call = (id: string | undefined, name = "f"): PastCall => ({ id, name, arguments: "{}" });
const text = (value: string): ContentPart => ({ type: "text", text: value });
const image: ContentPart = { type: "image", bytes: Uint8Array.of(1) };

/** Makes a conversation whose last answer has these calls. */
function called(...calls: PastCall[]): Conversation {
  const conversation = new Conversation();
  conversation.user("go");
  conversation.assistant({ content: "", calls });
  return conversation;
}

function results(conversation: Conversation): unknown[] {
  return conversation.messages().flatMap(({ role, content }) => (role === "tool" ? [content] : []));
}

function refusal(work: () => void): VireoError {
  try {
    work();
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("results of tools", () => {
  test("are in the order of their calls, in whichever order they were sent", () => {
    const conversation = called(call("a"), call("b"), call("c"));
    for (const id of ["c", "a", "b"]) {
      conversation.result({ callId: id, content: `of ${id}`, param: "p" });
    }
    expect(results(conversation)).toEqual(["of a", "of b", "of c"]);
  });

  test("without ids match calls by name, else in order", () => {
    const conversation = called(call(undefined, "f"), call(undefined, "g"));
    conversation.result({ toolName: "g", content: "of g", param: "p" });
    conversation.result({ content: "of f", param: "p" });
    expect(results(conversation)).toEqual(["of f", "of g"]);
  });

  test("with ids match calls without ids in order", () => {
    const conversation = called(call(undefined), call(undefined));
    conversation.result({ callId: "x", content: "1", param: "p" });
    conversation.result({ callId: "y", content: "2", param: "p" });
    expect(results(conversation)).toEqual(["1", "2"]);
  });

  test("of rounds that reuse ids stay in their round", () => {
    const conversation = called(call("call_0"));
    conversation.result({ callId: "call_0", content: "first", param: "p" });
    conversation.assistant({ content: "Again", calls: [call("call_0")] });
    conversation.result({ callId: "call_0", content: "second", param: "p" });
    expect(conversation.messages().map(({ role, content }) => [role, content])).toEqual([
      ["user", "go"],
      ["assistant", ""],
      ["tool", "first"],
      ["assistant", "Again"],
      ["tool", "second"],
    ]);
  });

  test("that come late are placed after their call", () => {
    const conversation = called(call("a"), call("b"));
    conversation.result({ callId: "b", content: "of b", param: "p" });
    conversation.user("well?");
    conversation.result({ callId: "a", content: "of a", param: "p" });
    expect(conversation.messages().map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "user",
    ]);
    expect(results(conversation)).toEqual(["of a", "of b"]);
  });

  test("that are missing beside others are marked", () => {
    const conversation = called(call("a"), call("b"));
    conversation.result({ callId: "b", content: "of b", param: "p" });
    expect(results(conversation)).toEqual([MISSING_RESULT, "of b"]);
    expect(results(called(call("a")))).toEqual([]);
  });

  test("single calls share a turn until a result comes", () => {
    const conversation = new Conversation();
    conversation.user("go");
    conversation.call(call("a"));
    conversation.call(call("b"));
    conversation.result({ callId: "a", content: "1", param: "p" });
    conversation.call(call("c"));
    const turns = conversation.messages().filter(({ role }) => role === "assistant");
    expect(turns.map(({ toolCalls }) => toolCalls?.length)).toEqual([2, 1]);
  });

  test("without a call are errors that name the field", () => {
    const unknown = () => called(call("a")).result({ callId: "z", content: "", param: "p.id" });
    expect(refusal(unknown)).toMatchObject({ code: "out_of_range", param: "p.id" });
    expect(refusal(unknown).message).toContain('p.id is "z"');
    const nothing = () => new Conversation().result({ content: "", param: "p.id" });
    expect(refusal(nothing).param).toBe("p.id");
    const twice = called(call("a"));
    twice.result({ callId: "a", content: "1", param: "p" });
    const again = () => twice.result({ callId: "a", content: "2", param: "p" });
    expect(refusal(again).message).toContain("second time");
  });
});

describe("media of results", () => {
  test("move to the start of the next user turn", () => {
    const conversation = called(call("a"), call("b"));
    conversation.result({ callId: "b", content: [text("see"), image], param: "p" });
    conversation.result({ callId: "a", content: "none", param: "p" });
    conversation.user("What is it?");
    expect(conversation.messages().slice(2)).toEqual([
      { role: "tool", content: "none" },
      { role: "tool", content: "see\n[image]" },
      { role: "user", content: [image, text("What is it?")] },
    ]);
  });

  test("get their own user turn if none follows", () => {
    const conversation = called(call("a"));
    conversation.result({ callId: "a", content: [image], param: "p" });
    conversation.assistant({ content: "A cat." });
    expect(conversation.messages().slice(2)).toEqual([
      { role: "tool", content: "[image]" },
      { role: "user", content: [image] },
      { role: "assistant", content: "A cat." },
    ]);
  });
});

describe("system messages", () => {
  const note = (said: string) => `[System note]\n${said}\n[End of system note]`;

  test("at the start are joined", () => {
    const conversation = new Conversation();
    conversation.system("a");
    conversation.system("b");
    conversation.user("c");
    expect(conversation.messages()[0]).toEqual({ role: "system", content: "a\n\nb" });
  });

  test("in the middle become notes of the next user turn, in order", () => {
    const conversation = new Conversation();
    conversation.user("Hello");
    conversation.assistant({ content: "Hello." });
    conversation.system("One word.");
    conversation.system("In French.");
    conversation.user("And now?");
    conversation.assistant({ content: "Oui." });
    conversation.system("Go on");
    conversation.user([image, text("So?")]);
    expect(conversation.messages()).toEqual([
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hello." },
      { role: "user", content: `${note("One word.")}\n\n${note("In French.")}\n\nAnd now?` },
      { role: "assistant", content: "Oui." },
      { role: "user", content: [text(`${note("Go on")}\n\n`), image, text("So?")] },
    ]);
  });

  test("between a question and its answer, or at the end, extend the question", () => {
    const conversation = new Conversation();
    conversation.user("Hello");
    conversation.system("Be kind");
    conversation.assistant({ content: "Hi" });
    conversation.user([image]);
    conversation.system("Be short");
    expect(conversation.messages()).toEqual([
      { role: "user", content: `Hello\n\n${note("Be kind")}` },
      { role: "assistant", content: "Hi" },
      { role: "user", content: [image, text(`\n\n${note("Be short")}`)] },
    ]);
  });

  test("between a call and its result move to the next user turn", () => {
    const conversation = called(call("a"));
    conversation.system("Hurry");
    conversation.result({ callId: "a", content: "done", param: "p" });
    expect(conversation.messages().slice(2)).toEqual([
      { role: "tool", content: "done" },
      { role: "user", content: note("Hurry") },
    ]);
  });
});
