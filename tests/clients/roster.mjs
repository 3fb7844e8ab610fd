// The tested clients and the lines that configure each one. docs/clients.md is generated from this
// list and from the results of the checks.

const openai = (name) => [
  `import OpenAI from "${name}";`,
  'const client = new OpenAI({ baseURL: "http://127.0.0.1:8000/v1", apiKey: "none" });',
];
const ai = (factory, from, path, call) => [
  `import { ${factory} } from "${from}";`,
  `const vireo = ${factory}({ baseURL: "http://127.0.0.1:8000${path}", apiKey: "none" });`,
  `const model = ${call};`,
];
const aiSdk = (version, provider, packageName, shown, lines) => ({
  name: `AI SDK ${version}, ${shown}`,
  folder: "sdks",
  packageName,
  script: ["sdks/ai-sdk.mjs", version, provider],
  lines,
});

const AI_PROVIDERS = [
  [
    "openai",
    "openai",
    "`@ai-sdk/openai`",
    ai("createOpenAI", "@ai-sdk/openai", "/v1", 'vireo("MODEL")'),
  ],
  [
    "openai.chat",
    "openai",
    "`@ai-sdk/openai` `.chat`",
    ai("createOpenAI", "@ai-sdk/openai", "/v1", 'vireo.chat("MODEL")'),
  ],
  [
    "openai-compatible",
    "openai-compatible",
    "`@ai-sdk/openai-compatible`",
    [
      'import { createOpenAICompatible } from "@ai-sdk/openai-compatible";',
      'const at = { name: "vireo", baseURL: "http://127.0.0.1:8000/v1", apiKey: "none" };',
      "const vireo = createOpenAICompatible(at);",
      'const model = vireo("MODEL");',
    ],
  ],
  [
    "anthropic",
    "anthropic",
    "`@ai-sdk/anthropic`",
    ai("createAnthropic", "@ai-sdk/anthropic", "/v1", 'vireo("MODEL")'),
  ],
  [
    "gateway",
    "gateway",
    "`@ai-sdk/gateway`",
    ai("createGateway", "@ai-sdk/gateway", "/v3/ai", 'vireo("MODEL")'),
  ],
];

export const CLIENTS = [
  ...["7", "6"].flatMap((version) =>
    [
      [
        "chat",
        "chat completions",
        'await client.chat.completions.create({ model: "MODEL", messages });',
      ],
      [
        "responses",
        "responses",
        'await client.responses.create({ model: "MODEL", input: "Hello" });',
      ],
    ].map(([api, shown, call]) => ({
      name: `openai ${version}, ${shown}`,
      folder: "sdks",
      packageName: version === "7" ? "openai" : "openai6",
      script: ["sdks/openai.mjs", version === "7" ? "openai" : "openai6", api],
      lines: [...openai("openai"), call],
    })),
  ),
  ...AI_PROVIDERS.flatMap(([provider, name, shown, lines]) => [
    aiSdk("7", provider, `@ai-sdk/${name}`, shown, lines),
    aiSdk("6", provider, `ai6-${name}`, shown, lines),
  ]),
  {
    name: "AI SDK 7, `@openrouter/ai-sdk-provider`",
    folder: "sdks",
    packageName: "@openrouter/ai-sdk-provider",
    script: ["sdks/ai-sdk.mjs", "7", "openrouter"],
    lines: ai("createOpenRouter", "@openrouter/ai-sdk-provider", "/v1", 'vireo("MODEL")'),
  },
  {
    name: "`@anthropic-ai/sdk`",
    folder: "sdks",
    packageName: "@anthropic-ai/sdk",
    script: ["sdks/anthropic.mjs"],
    lines: [
      'import Anthropic from "@anthropic-ai/sdk";',
      'const client = new Anthropic({ baseURL: "http://127.0.0.1:8000", apiKey: "none" });',
      'await client.messages.create({ model: "MODEL", max_tokens: 500, messages });',
    ],
  },
  {
    name: "`@langchain/openai`",
    folder: "sdks",
    packageName: "@langchain/openai",
    script: ["sdks/langchain.mjs"],
    lines: [
      'import { ChatOpenAI } from "@langchain/openai";',
      'const configuration = { baseURL: "http://127.0.0.1:8000/v1" };',
      'const model = new ChatOpenAI({ model: "MODEL", apiKey: "none", configuration });',
    ],
  },
  {
    name: "`@llamaindex/openai`",
    folder: "sdks",
    packageName: "@llamaindex/openai",
    script: ["sdks/llamaindex.mjs"],
    lines: [
      'import { OpenAI } from "@llamaindex/openai";',
      'const at = { apiKey: "none", baseURL: "http://127.0.0.1:8000/v1", supportToolCall: true };',
      'const llm = new OpenAI({ model: "MODEL", ...at });',
    ],
  },
  {
    name: "opencode",
    folder: "agents",
    packageName: "opencode-ai",
    script: ["agents/opencode.mjs"],
    language: "json",
    file: "`opencode.json`",
    lines: [
      '{ "provider": { "vireo": { "npm": "@ai-sdk/openai-compatible",',
      '  "options": { "baseURL": "http://127.0.0.1:8000/v1" }, "models": { "MODEL": {} } } },',
      '  "model": "vireo/MODEL" }',
    ],
  },
  {
    name: "Continue `cn`",
    folder: "agents",
    packageName: "@continuedev/cli",
    script: ["agents/continue.mjs"],
    language: "yaml",
    file: "`config.yaml`, given with `cn --config`",
    lines: [
      "{ name: vireo, version: 1.0.0, schema: v1, models: [{ name: vireo, provider: openai,",
      '  model: MODEL, apiBase: "http://127.0.0.1:8000/v1", apiKey: none,',
      "  roles: [chat], capabilities: [tool_use, image_input] }] }",
    ],
  },
  {
    name: "Codex",
    folder: "agents",
    packageName: "@openai/codex",
    script: ["agents/codex.mjs"],
    language: "toml",
    file: "`~/.codex/config.toml`",
    lines: [
      'model = "MODEL"',
      'model_provider = "vireo"',
      'model_providers.vireo = { name = "vireo", base_url = "http://127.0.0.1:8000/v1", ' +
        'wire_api = "responses" }',
    ],
  },
  {
    name: "promptfoo",
    folder: "promptfoo",
    packageName: "promptfoo",
    script: ["promptfoo/promptfoo.mjs"],
    language: "yaml",
    file: "`promptfooconfig.yaml`",
    lines: [
      "providers:",
      "  - id: openai:chat:MODEL",
      '    config: { apiBaseUrl: "http://127.0.0.1:8000/v1", apiKey: none }',
    ],
  },
];

export const CHECKS = ["answer", "second turn", "stream", "tools", "picture", "PDF", "error"];
