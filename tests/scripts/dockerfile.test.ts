import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error a script without types
import * as script from "../../scripts/dockerfile/parse.mjs";

interface Step {
  readonly word: string;
  readonly rest: string;
  readonly line: number;
}
interface Stage {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly Step[];
}
interface Copy {
  readonly from: string | undefined;
  readonly owner: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}
const { parseDockerfile, parseCopy, parseCommand, ignores } = script as {
  parseDockerfile(text: string): Stage[];
  parseCopy(step: Step): Copy;
  parseCommand(step: Step): string[];
  ignores(dockerignore: string): (path: string) => boolean;
};

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

test("reads every instruction of this repository's Dockerfile", () => {
  const stages = parseDockerfile(read("Dockerfile"));
  expect(stages.map(({ name }) => name)).toEqual(["build", "stage 2"]);
  for (const { image } of stages) expect(image).toMatch(/^node:\d+-bookworm-slim$/);
  const last = stages.at(-1)!.steps;
  const words = last.map(({ word }) => word);
  expect(words).toEqual(expect.arrayContaining(["USER", "HEALTHCHECK", "ENTRYPOINT"]));
  for (const step of last.filter(({ word }) => /^(HEALTHCHECK|ENTRYPOINT)$/.test(word))) {
    expect(parseCommand(step)[0]).toBe("node");
  }
  const copied = stages[0]!.steps.filter(({ word }) => word === "COPY").map(parseCopy);
  for (const { sources } of copied) {
    for (const source of sources) {
      expect(existsSync(new URL(`../../${source}`, import.meta.url)), source).toBe(true);
    }
  }
});

test("joins continued lines, skips comments and reads flags of COPY", () => {
  const [stage] = parseDockerfile("# one\nFROM node:22-bookworm-slim AS a\nRUN b \\\n  && c\n");
  expect(stage?.steps).toEqual([{ word: "RUN", rest: "b && c", line: 3 }]);
  const copy = parseCopy({ word: "COPY", rest: "--from=a --chown=node:node b c d/", line: 1 });
  expect(copy).toEqual({ from: "a", owner: "node:node", sources: ["b", "c"], target: "d/" });
});

test.each([
  ["FROM a\nADD b c", /line 2: the instruction "ADD b c" is unknown/],
  ["RUN b", /line 1: RUN stands before FROM/],
])("refuses what it does not know: %j", (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});

test(".dockerignore leaves out whole folders and patterns, from the checkout's root", () => {
  const ignored = ignores("# comment\n.git\nmodels/*/.vireo\n**/*.log\n");
  const paths = [".git/HEAD", ".gitignore", "models/mini/.vireo/a", "models/mini/a", "a/b.log"];
  expect(paths.filter(ignored)).toEqual([".git/HEAD", "models/mini/.vireo/a", "a/b.log"]);
  expect(["tests/a.ts", "src/tests/a.ts"].filter(ignores(read(".dockerignore")))).toEqual([
    "tests/a.ts",
  ]);
});
