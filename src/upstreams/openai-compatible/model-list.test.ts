import { expect, test } from "vitest";
import { LLAMA_SERVER } from "./dialects/llama-server.ts";
import { OPENROUTER } from "./dialects/openrouter.ts";
import { VLLM } from "./dialects/vllm.ts";
import { configuredModels, listedModels } from "./model-list.ts";

const vllm = { provider: "far", dialect: VLLM };

test("every listed model is served, with its context", () => {
  const data = [
    { id: "nvidia/a", owned_by: "vllm", created: 7, max_model_len: 4096 },
    { id: "b", context_length: 8192, top_provider: { max_completion_tokens: 1024 } },
    { id: "c" },
    { id: "bad\r\nname" },
    { id: 5 },
    null,
  ];
  expect(listedModels({ data }, vllm)).toMatchObject([
    { id: "nvidia/a", contextTokens: 4096, maxOutputTokens: 4096, createdUnix: 7, ownedBy: "vllm" },
    { id: "b", contextTokens: 8192, maxOutputTokens: 1024, provider: "far" },
    { id: "c", contextTokens: 131_072 },
  ]);
  expect(() => listedModels({ models: [] }, vllm)).toThrow("in an unknown form");
});

test("a configured model has its own name, and the list fills in what is not configured", () => {
  const models = [{ id: "ours", providerId: "theirs", aliases: ["x"], maxOutputTokens: 10 }];
  const options = { ...vllm, models };
  expect(configuredModels(options)).toMatchObject([{ id: "ours", contextTokens: 131_072 }]);
  const data = [{ id: "theirs", max_model_len: 99 }, { id: "other" }];
  expect(listedModels({ data }, options)).toMatchObject([
    { id: "ours", providerId: "theirs", contextTokens: 99, maxOutputTokens: 10, aliases: ["x"] },
  ]);
});

test("the list takes features away", () => {
  const openrouter = { provider: "far", dialect: OPENROUTER };
  const [model] = listedModels(
    {
      data: [
        {
          id: "m",
          architecture: { input_modalities: ["text"] },
          supported_parameters: ["tools", "max_tokens"],
          pricing: { prompt: "0.0000002", completion: "0.0000006" },
        },
      ],
    },
    openrouter,
  );
  expect(model?.features?.has("tools")).toBe(true);
  for (const feature of ["images", "documents", "json_schema", "seed"] as const) {
    expect(model?.features?.has(feature)).toBe(false);
  }
  expect(model?.prices).toEqual({ prompt: 200_000n, completion: 600_000n });
  const llama = { provider: "far", dialect: LLAMA_SERVER };
  const [text] = listedModels(
    {
      data: [{ id: "m", meta: { n_ctx_train: 2048 } }],
      models: [{ model: "m", capabilities: ["completion"] }],
    },
    llama,
  );
  expect(text?.contextTokens).toBe(2048);
  expect(text?.features?.has("images")).toBe(false);
});

test("a price that varies or is not set is no price", () => {
  for (const price of ["-1", "0", null]) {
    const data = [{ id: "m", pricing: { prompt: price, completion: price } }];
    expect(listedModels({ data }, vllm)[0]?.prices).toBeUndefined();
  }
});
