import type { UpstreamModel } from "../core/chat.ts";

const MODEL_ID = "nvidia/nemotron-nano-12b-v2-vl";
const ALIASES = [
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-FP8",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-NVFP4-QAD",
  "nemotron-nano-12b-v2-vl",
  "nemotron-nano-12b-v2-vl-bf16",
  "nemotron-nano-12b-v2-vl-fp8",
  "nemotron-nano-12b-v2-vl-nvfp4-qad",
];

/** id: under which the model is served; it goes on answering to the published names. */
export function describeModel(
  fingerprint: string,
  id: string | undefined,
  contextTokens: number,
  videoPruningRate: number,
): UpstreamModel {
  return {
    id: id ?? MODEL_ID,
    aliases: id === undefined ? ALIASES : [MODEL_ID, ...ALIASES],
    createdUnix: 1761609600,
    ownedBy: (id?.includes("/") ? id : MODEL_ID).split("/", 1)[0]!,
    contextTokens,
    maxOutputTokens: contextTokens,
    fingerprint,
    videoPruningRate,
  };
}
