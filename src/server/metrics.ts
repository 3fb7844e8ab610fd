import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { toVireoError } from "../core/system-errors.ts";
import { modelFor, type Upstream, type UpstreamLoad } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import type { LoopWatch } from "./loop-watch.ts";
import { addProviderMetrics, addReloadMetrics } from "./provider-metrics.ts";

type EndEvent = Extract<ChatEvent, { readonly type: "end" }>;
type Labels = { readonly model_name: string };

const LABELS = ["model_name"] as const;
const SECONDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600];
const GAPS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const STALLS = [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TOKENS = [1, 8, 32, 128, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/**
 * Metrics for Prometheus at /metrics, under vLLM's names, so that its dashboards work. They contain
 * nothing about callers or their requests.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly upstream: Upstream;
  private load: UpstreamLoad | undefined;

  private readonly succeeded;
  private readonly failed;
  private readonly promptTokens;
  private readonly generatedTokens;
  private readonly firstToken;
  private readonly betweenTokens;
  private readonly wholeRequest;
  private readonly queueTime;
  private readonly mediaTime;
  private readonly promptLength;
  private readonly answerLength;

  constructor(upstream: Upstream, watch?: LoopWatch) {
    this.upstream = upstream;
    this.succeeded = this.counter("request_success_total", "Requests answered", "finished_reason");
    this.failed = this.counter("request_failure_total", "Requests refused or broken", "code");
    this.promptTokens = this.counter("prompt_tokens_total", "Prompt tokens of requests");
    this.generatedTokens = this.counter("generation_tokens_total", "Tokens generated");
    this.firstToken = this.seconds("time_to_first_token_seconds", "Until the first token");
    this.betweenTokens = this.seconds("inter_token_latency_seconds", "Between two tokens", GAPS);
    this.wholeRequest = this.seconds("e2e_request_latency_seconds", "Until the end");
    this.queueTime = this.seconds("request_queue_time_seconds", "Waiting for a place");
    this.mediaTime = this.seconds("request_media_time_seconds", "Decoding and encoding images");
    this.promptLength = this.histogram("request_prompt_tokens", "Prompt tokens", TOKENS);
    this.answerLength = this.histogram("request_generation_tokens", "Answer tokens", TOKENS);
    if (upstream.capabilities?.load !== undefined) this.watchLoad();
    if (watch !== undefined) this.watchLoop(watch);
    if (upstream.capabilities?.endpoints !== undefined) {
      addProviderMetrics(this.registry, () => upstream.capabilities?.endpoints?.() ?? []);
    }
    if (upstream.capabilities?.reloads !== undefined) {
      addReloadMetrics(this.registry, upstream.capabilities.reloads);
    }
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Returns all metrics as text. If the load cannot be read, its gauges are omitted. */
  async text(): Promise<string> {
    this.load = await this.upstream.capabilities?.load?.().catch(() => undefined);
    return await this.registry.metrics();
  }

  /** Wraps an upstream so that its requests and tokens are counted. */
  metered(upstream: Upstream): Upstream {
    return wrapUpstream(upstream, {
      chat: (request, signal) => this.count(upstream, request, signal),
    });
  }

  private async *count(
    upstream: Upstream,
    request: ChatRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<ChatEvent> {
    const labels = this.labelsOf(request);
    const begun = performance.now();
    const onUsage: ChatRequest["onUsage"] = (usage) => {
      this.promptTokens.inc(labels, usage.promptTokens);
      this.generatedTokens.inc(labels, usage.completionTokens);
      request.onUsage?.(usage);
    };
    let last: number | undefined;
    try {
      for await (const event of upstream.chat({ ...request, onUsage }, signal)) {
        if (event.type === "reasoning" || event.type === "text") {
          const now = performance.now();
          const since = (now - (last ?? begun)) / 1000;
          (last === undefined ? this.firstToken : this.betweenTokens).observe(labels, since);
          last = now;
        }
        if (event.type === "end") this.finish(labels, event, (performance.now() - begun) / 1000);
        yield event;
      }
    } catch (error) {
      const code = signal?.aborted ? "client_gone" : toVireoError(error).code;
      this.failed.inc({ ...labels, code });
      throw error;
    }
  }

  private labelsOf(request: Pick<ChatRequest, "model">): Labels {
    return { model_name: modelFor(this.upstream, request)?.id ?? "" };
  }

  private finish(labels: Labels, end: EndEvent, seconds: number): void {
    this.succeeded.inc({ ...labels, finished_reason: end.reason });
    this.wholeRequest.observe(labels, seconds);
    this.queueTime.observe(labels, end.timings.queueMs / 1000);
    this.mediaTime.observe(labels, end.timings.mediaMs / 1000);
    this.promptLength.observe(labels, end.usage.promptTokens);
    this.answerLength.observe(labels, end.usage.completionTokens);
  }

  private watchLoop(watch: LoopWatch): void {
    const stalls = new Histogram({
      name: "vireo_event_loop_stall_seconds",
      help: "Delays of the event loop of 10 ms and more",
      buckets: STALLS,
      registers: [this.registry],
    });
    watch.onStall((ms) => stalls.observe(ms / 1000));
  }

  private watchLoad(): void {
    const labels = this.labelsOf({});
    const currentLoad = () => this.load;
    const gauges: readonly (readonly [string, string, (load: UpstreamLoad) => number])[] = [
      ["vllm:num_requests_running", "Requests being computed", ({ running }) => running],
      ["vllm:num_requests_waiting", "Requests in the queue", ({ waiting }) => waiting],
      ["vllm:kv_cache_usage_perc", "Share of the KV cache in use", (now) => now.kvCacheUsage],
      ["vllm:num_preemptions_total", "Sequences set back", (now) => now.preemptions],
      [
        "vllm:prefix_cache_queries_total",
        "Prompt tokens looked up",
        (now) => now.prefixTokensAsked,
      ],
      ["vllm:prefix_cache_hits_total", "Prompt tokens found", (now) => now.prefixTokensFound],
      ["vireo_engine_restarts_total", "Restarts of the engine", ({ restarts = 0 }) => restarts],
    ];
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        labelNames: LABELS,
        registers: [this.registry],
        collect() {
          const load = currentLoad();
          if (load === undefined) this.remove(labels);
          else this.set(labels, read(load));
        },
      });
    }
  }

  private counter(name: string, help: string, label?: string) {
    const labelNames = label === undefined ? [...LABELS] : [...LABELS, label];
    return new Counter({ name: `vllm:${name}`, help, labelNames, registers: [this.registry] });
  }

  private seconds(name: string, help: string, buckets: number[] = SECONDS) {
    return this.histogram(name, help, buckets);
  }

  private histogram(name: string, help: string, buckets: number[]) {
    const registers = [this.registry];
    return new Histogram({ name: `vllm:${name}`, help, labelNames: LABELS, buckets, registers });
  }
}
