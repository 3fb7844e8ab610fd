import { type Dialect, OPENAI } from "../dialect.ts";
import { LLAMA_SERVER } from "./llama-server.ts";
import { NIM } from "./nim.ts";
import { OPENROUTER } from "./openrouter.ts";
import { SGLANG } from "./sglang.ts";
import { VERCEL } from "./vercel.ts";
import { VIREO } from "./vireo.ts";
import { VLLM } from "./vllm.ts";

/** Every dialect by its name in the configuration. */
export const DIALECTS = Object.freeze({
  openai: OPENAI,
  vllm: VLLM,
  nim: NIM,
  sglang: SGLANG,
  "llama-server": LLAMA_SERVER,
  openrouter: OPENROUTER,
  vercel: VERCEL,
  vireo: VIREO,
}) satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof DIALECTS;
