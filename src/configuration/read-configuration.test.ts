import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readConfiguration } from "./read-configuration.ts";
import { configurationSchema } from "./schema.ts";

const GOOD = `# comments are allowed
providers:
  here: { kind: local }
  cluster:
    kind: openai-compatible
    dialect: vllm
    url: http://10.0.0.5:8000/v1
    key: \${CLUSTER_KEY}
    headers: { x-team: docs, x-token: "\${TEAM_TOKEN}" }
    limits: { connect: 2, firstToken: 60 }
    zeroDataRetention: true
models:
  nvidia/nemotron-nano-12b-v2-vl:
    aliases: [nano, "claude-*"]
    providers:
      - here
      - provider: cluster
        model: nemotron
        quantization: fp8
        prices: { prompt: "0.0000002", completion: "0.0000006" }
breaker: { failures: 3, open: 5 }
`;
const ENVIRONMENT = { CLUSTER_KEY: "a secret", TEAM_TOKEN: "another" };

/** The problems of GOOD after a replacement, as "line:column message". */
function problemsAfter(from: string | RegExp, to: string, environment: object = ENVIRONMENT) {
  const { problems = [] } = readConfiguration(GOOD.replace(from, to), { ...environment });
  return problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("a good file is read, as YAML and as JSON", () => {
  const { configuration, problems } = readConfiguration(GOOD, ENVIRONMENT);
  expect(problems).toBeUndefined();
  const json = JSON.stringify(configuration);
  expect(readConfiguration(json, ENVIRONMENT).configuration).toEqual(configuration);
  expect(json).not.toContain("a secret");
});

describe("a problem is told with its line and column", () => {
  test.each<[string, string | RegExp, string, string]>([
    ["syntax", "limits: { connect: 2", "limits: { connect: [2", "10:43"],
    ["a tab", "    kind: openai", "\tkind: openai", "5:1"],
    ["a name twice", "  cluster:\n", "  here:\n", "4:3"],
    ["an unknown option", "dialect: vllm", "dialekt: vllm", "6:5 providers.cluster.dialekt is not"],
    [
      "an unknown dialect",
      "dialect: vllm",
      "dialect: x",
      "6:5 providers.cluster.dialect must be one",
    ],
    ["a key in the file", /key: .*/, "key: sk-1", "8:5 providers.cluster.key must name a variable"],
    [
      "a variable elsewhere",
      "quantization: fp8",
      `quantization: "\${F}"`,
      "19:9 models.nvidia/nemotron",
    ],
    ["a misspelt option", "model: nemotron", "modell: x", "18:9 models"],
    ["a wrong kind", "kind: local", "kind: engine", "3:11 providers.here.kind must be local"],
    ["another scheme", "http://", "file://", "7:5 providers.cluster.url must be a URL"],
    ["an unknown provider", "- here", "- there", "16:9 models.nvidia/nemotron-nano-12b-v2-vl.pr"],
    ["a price as a number", 'prompt: "0.0000002"', "prompt: 2e-7", "20:19 models"],
    ["a price with a sign", "0.0000002", "-1", "20:19 models"],
    ["no list", /providers:\n {6}- here[\s\S]*/, "providers: here\n", "15:5 models"],
    [
      "a negative time",
      "connect: 2",
      "connect: -2",
      "10:15 providers.cluster.limits.connect is too",
    ],
  ])("%s", (_, from, to, expected) => {
    const [first] = problemsAfter(from, to);
    expect(first).toMatch(new RegExp(`^${expected.replace(/[.*+]/g, "\\$&")}`));
  });

  test("all of them at once", () => {
    expect(problemsAfter(/kind: (local|openai-compatible)/g, "kind: x")).toHaveLength(2);
  });
});

describe("contradictions", () => {
  test("a variable that is not set", () => {
    const [first, second, ...rest] = problemsAfter("", "", {});
    expect(first).toMatch(/^8:5 providers\.cluster\.key names the variable CLUSTER_KEY/);
    expect(second).toMatch(/^9:30 providers\.cluster\.headers\.x-token/);
    expect(rest).toEqual([]);
  });

  test("an alias of two models", () => {
    const more = "models:\n  other: { aliases: [nano], providers: [here] }\n";
    expect(problemsAfter("models:\n", more)[0]).toMatch(/is a name of other already/);
  });

  test("two engines in one process", () => {
    const found = problemsAfter(
      "here: { kind: local }",
      "here: { kind: local }\n  b: { kind: local }",
    );
    expect(found).toEqual([expect.stringMatching(/^4:3 providers\.b is a second engine/)]);
  });
});

describe("hostile files end in a problem", () => {
  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let i = 0; i < 8; i++)
    bomb.push(`b${i}: &b${i} [${`*${i === 0 ? "a" : `b${i - 1}`},`.repeat(9)}]`);

  test.each<[string, string]>([
    ["nothing", ""],
    ["a list", "- a"],
    ["a text", "hello"],
    ["a bomb of aliases", bomb.join("\n")],
    ["two documents", `${GOOD}---\n${GOOD}`],
    ["a prototype", '{"__proto__": {"providers": {}}}'],
    ["a tag", "providers: !!js/function 'x'\nmodels: {}"],
    ["depth", "[".repeat(5000)],
    ["too much", "#".repeat(2 ** 21)],
  ])("%s", (_, text) => {
    expect(readConfiguration(text, ENVIRONMENT).problems?.length).toBeGreaterThan(0);
  });
});

test("the published JSON Schema is the one of this version", () => {
  const file = new URL("../../schemas/config/vireo.schema.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(configurationSchema());
});
