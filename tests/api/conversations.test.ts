import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

// The same conversation gives the same request in every protocol.

const upstream = createFakeUpstream();
let server: Listening;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close(100));

const PICTURE = Buffer.from("12345").toString("base64");
const PDF = Buffer.from("%PDF-1.7").toString("base64");

interface Result {
  readonly id: string;
  readonly text?: string;
  readonly picture?: true;
  readonly pdf?: true;
}

/** A body with two calls, a and b, their results and an optional system message. */
interface Dialect {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: (results: readonly Result[], system?: string) => object;
  /** The field with the call id of the first result. */
  readonly idParam: string;
}

const DIALECTS: readonly (readonly [string, Dialect])[] = [
  [
    "chat",
    {
      path: "/v1/chat/completions",
      idParam: "messages[2].tool_call_id",
      body: (results, system) => ({
        model: MODEL,
        messages: [
          { role: "user", content: "Go" },
          {
            role: "assistant",
            content: null,
            tool_calls: ["a", "b"].map((id) => {
              return { id, type: "function", function: { name: "f", arguments: `{"n":"${id}"}` } };
            }),
          },
          ...results.map(({ id, text, picture, pdf }) => ({
            role: "tool",
            tool_call_id: id,
            content: [
              ...(text ? [{ type: "text", text }] : []),
              ...(picture
                ? [{ type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } }]
                : []),
              ...(pdf
                ? [{ type: "file", file: { file_data: `data:application/pdf;base64,${PDF}` } }]
                : []),
            ],
          })),
          ...(system ? [{ role: "system", content: system }] : []),
          { role: "user", content: "So?" },
        ],
      }),
    },
  ],
  [
    "responses",
    {
      path: "/v1/responses",
      idParam: "input[3].call_id",
      body: (results, system) => ({
        model: MODEL,
        input: [
          { role: "user", content: "Go" },
          ...["a", "b"].map((id) => {
            return { type: "function_call", call_id: id, name: "f", arguments: `{"n":"${id}"}` };
          }),
          ...results.map(({ id, text, picture, pdf }) => ({
            type: "function_call_output",
            call_id: id,
            output: [
              ...(text ? [{ type: "input_text", text }] : []),
              ...(picture
                ? [{ type: "input_image", image_url: `data:image/png;base64,${PICTURE}` }]
                : []),
              ...(pdf
                ? [{ type: "input_file", file_data: `data:application/pdf;base64,${PDF}` }]
                : []),
            ],
          })),
          ...(system ? [{ role: "developer", content: system }] : []),
          { role: "user", content: "So?" },
        ],
      }),
    },
  ],
  [
    "messages",
    {
      path: "/v1/messages",
      idParam: "messages[2].content[0].tool_use_id",
      body: (results, system) => ({
        model: MODEL,
        max_tokens: 9,
        messages: [
          { role: "user", content: "Go" },
          {
            role: "assistant",
            content: ["a", "b"].map((id) => {
              return { type: "tool_use", id, name: "f", input: { n: id } };
            }),
          },
          {
            role: "user",
            content: results.map(({ id, text, picture, pdf }) => ({
              type: "tool_result",
              tool_use_id: id,
              content: [
                ...(text ? [{ type: "text", text }] : []),
                ...(picture
                  ? [
                      {
                        type: "image",
                        source: { type: "base64", media_type: "image/png", data: PICTURE },
                      },
                    ]
                  : []),
                ...(pdf
                  ? [
                      {
                        type: "document",
                        source: { type: "base64", media_type: "application/pdf", data: PDF },
                      },
                    ]
                  : []),
              ],
            })),
          },
          ...(system ? [{ role: "system", content: system }] : []),
          { role: "user", content: "So?" },
        ],
      }),
    },
  ],
  [
    "AI SDK gateway",
    {
      path: "/v3/ai/language-model",
      headers: { "ai-language-model-id": MODEL },
      idParam: "prompt[2].content[0].toolCallId",
      body: (results, system) => ({
        prompt: [
          { role: "user", content: [{ type: "text", text: "Go" }] },
          {
            role: "assistant",
            content: ["a", "b"].map((id) => {
              return { type: "tool-call", toolCallId: id, toolName: "f", input: { n: id } };
            }),
          },
          {
            role: "tool",
            content: results.map(({ id, text, picture, pdf }) => ({
              type: "tool-result",
              toolCallId: id,
              toolName: "f",
              output: {
                type: "content",
                value: [
                  ...(text ? [{ type: "text", text }] : []),
                  ...(picture
                    ? [{ type: "image-data", data: PICTURE, mediaType: "image/png" }]
                    : []),
                  ...(pdf ? [{ type: "file-data", data: PDF, mediaType: "application/pdf" }] : []),
                ],
              },
            })),
          },
          ...(system ? [{ role: "system", content: system }] : []),
          { role: "user", content: [{ type: "text", text: "So?" }] },
        ],
      }),
    },
  ],
];

async function post({ path, headers }: Dialect, body: object) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const json = (await response.json()) as { error?: { message: string } };
  return { status: response.status, message: json.error?.message ?? "" };
}

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : (content as { text?: string }[]).map((part) => part.text ?? "").join("");
const asked = () => upstream.requests.at(-1)?.messages ?? [];
const resultsAsked = () =>
  asked().flatMap(({ role, content }) => (role === "tool" ? [textOf(content)] : []));

describe.each(DIALECTS)("%s", (_name, dialect) => {
  test("results are in the order of the calls", async () => {
    const inOrder = [
      { id: "a", text: "of a" },
      { id: "b", text: "of b" },
    ];
    for (const results of [inOrder, inOrder.toReversed()]) {
      expect(await post(dialect, dialect.body(results))).toMatchObject({ status: 200 });
      expect(resultsAsked()).toEqual(["of a", "of b"]);
      expect(asked()[1]?.toolCalls).toHaveLength(2);
    }
  });

  test("images and PDFs of results move to the next user turn", async () => {
    const results = [
      { id: "b", text: "see", picture: true, pdf: true },
      { id: "a", text: "nothing" },
    ] as const;
    expect(await post(dialect, dialect.body(results))).toMatchObject({ status: 200 });
    expect(resultsAsked()).toEqual(["nothing", "see\n[image]\n[file]"]);
    const last = asked().at(-1)?.content as readonly { type: string }[];
    expect(last.map(({ type }) => type)).toEqual(["image", "document", "text"]);
  });

  test("a result without a call is an error that names the field", async () => {
    const { status, message } = await post(dialect, dialect.body([{ id: "z", text: "?" }]));
    expect(status).toBe(400);
    expect(message).toContain(`${dialect.idParam} is "z"`);
  });

  test("a system message in the middle becomes a note of the next user turn", async () => {
    const body = dialect.body([{ id: "a", text: "1" }], "In one word");
    expect(await post(dialect, body)).toMatchObject({ status: 200 });
    expect(textOf(asked().at(-1)?.content)).toBe(
      "[System note]\nIn one word\n[End of system note]\n\nSo?",
    );
  });
});
