import type { RunSettings } from "../../src/eval/run/settings.ts";

/** Settings of runs against a stub. */
export const SETTINGS: RunSettings = {
  benchmark: "docvqa",
  profile: "vlmevalkit",
  model: "stub",
  fingerprint: "1",
  reasoning: false,
  maxTokens: 100,
};
