import type { Endpoint } from "../api/types.ts";
import type { Fact } from "../ui/facts.tsx";
import { count, counted, dollars, price, seconds } from "../ui/numbers.ts";

const MILLION = 1_000_000;

/** The state of a provider in a word, and how it is shown. */
export interface ProviderState {
  readonly kind: "ok" | "resting" | "down";
  readonly text: string;
}

export function stateOf({ status }: Pick<Endpoint, "status">): ProviderState {
  if (status === 0) return { kind: "ok", text: "takes requests" };
  if (status === -1) return { kind: "resting", text: "after a pause, or one to probe" };
  if (status === -2) return { kind: "down", text: "left alone after failures" };
  return { kind: "down", text: "lists no models" };
}

/** Figures of a provider. What nobody has measured is a dash. */
export function factsOf(endpoint: Endpoint): readonly Fact[] {
  const { latency_last_30m: latency, throughput_last_30m: speed } = endpoint;
  return [
    ["First token, median", figure(latency?.p50, (value) => seconds(value * 1000))],
    ["First token, slowest 1 %", figure(latency?.p99, (value) => seconds(value * 1000))],
    ["Tokens a second, median", figure(speed?.p50, (value) => value.toFixed(1))],
    ["Answered", figure(endpoint.uptime_last_30m, (value) => `${value} %`)],
    ["Running now", count(endpoint.running)],
    ["Price per million tokens", priceText(endpoint.pricing)],
    ["Context", figure(endpoint.context_length, (value) => counted(value, "token"))],
    ["Weights", endpoint.quantization],
    ["Keeps nothing", endpoint.is_zdr ? "yes" : "not vouched for"],
    ["Last error", errorText(endpoint.last_error)],
  ];
}

function figure(value: number | null | undefined, show: (value: number) => string): string {
  return value === null || value === undefined ? "–" : show(value);
}

function priceText({ prompt, completion }: Endpoint["pricing"]): string {
  const prices = [price(prompt), price(completion)];
  if (prices.every((one) => one === undefined)) return "none";
  const [input, output] = prices.map((one) => dollars((one ?? 0) * MILLION));
  return `${input} in, ${output} out`;
}

function errorText(error: Endpoint["last_error"]): string {
  if (error === null) return "none";
  const ago =
    error.agoMs < 60_000 ? seconds(error.agoMs) : `${Math.round(error.agoMs / 60_000)} min`;
  return `${error.code}, ${ago} ago`;
}
