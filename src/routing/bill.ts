import type { ChatRequest, Usage } from "../core/chat.ts";
import { Delivery } from "../core/delivery.ts";
import { type Cost, costParts, FREE, type Prices } from "../core/prices.ts";
import type { CountTokens } from "../core/token-count.ts";
import { type Candidate, type Endpoint, pricesOf, usesOwnKey } from "./endpoint.ts";

const NO_COST: Cost = Object.freeze({ text: 0n, media: 0n, completion: 0n });

/**
 * Bills a request once: for the usage that the provider of its answer reports, or for what was
 * delivered where the answer broke off or its client left.
 */
export class Bill {
  readonly delivery: Delivery;
  private readonly request: ChatRequest;
  private endpoint: Endpoint | undefined;
  private prices: Prices | undefined;
  /** The part of the answer that other endpoints delivered. */
  private before: Usage | undefined;
  private reported: Usage | undefined;
  private isSent = false;
  private hasOwnKey = false;

  constructor(request: ChatRequest, count: CountTokens) {
    this.request = request;
    this.delivery = new Delivery(request, count);
  }

  /** An attempt begins; reports of earlier ones no longer count. */
  begin({ route, endpoint }: Candidate): void {
    this.endpoint = endpoint;
    // without a price among priced endpoints it is free; the model's price is that of another one
    this.prices = pricesOf(endpoint) ?? (route.endpoints.some(pricesOf) ? FREE : undefined);
    this.reported = undefined;
    this.hasOwnKey = usesOwnKey(endpoint, this.request.tenant);
    if (!this.delivery.isEmpty) this.before = this.delivery.estimate();
  }

  /** The engine of this process knows what it computed, whether or not the client waited for it. */
  report(usage: Usage): void {
    this.reported = usage;
    if (this.endpoint?.provider.isLocal === true) this.send(usage);
  }

  /** The answer is complete. Returns its usage with its cost. */
  complete(usage: Usage): Usage {
    return this.send(this.reported ?? usage);
  }

  /** The request is over, however it ended. */
  close(): void {
    if (this.isSent || this.delivery.isEmpty || this.endpoint?.provider.isLocal === true) return;
    this.before = undefined; // included in what was delivered
    this.send(this.delivery.estimate());
  }

  private send(usage: Usage): Usage {
    const whole = joined(this.before, usage);
    const cost = this.prices && costParts(this.prices, whole);
    const own = this.request.promptAlreadyBilled === true ? { text: 0n, media: 0n } : {};
    const priced = cost === undefined ? whole : this.withCost(whole, { ...cost, ...own });
    if (!this.isSent) this.request.onUsage?.(priced);
    this.isSent = true;
    return priced;
  }

  /** With the tenant's own key, the provider's bill goes to the tenant. */
  private withCost(usage: Usage, cost: Cost): Usage {
    if (!this.hasOwnKey) return { ...usage, cost };
    return { ...usage, cost: NO_COST, providerCost: cost, isByok: true };
  }
}

/**
 * The usage of an answer in two parts. The second provider read the first part as its prompt; the
 * client is billed for it once, as the answer that it is.
 */
function joined(before: Usage | undefined, usage: Usage): Usage {
  if (before === undefined) return usage;
  return {
    ...usage,
    promptTokens: Math.max(0, usage.promptTokens - before.completionTokens),
    completionTokens: before.completionTokens + usage.completionTokens,
    reasoningTokens: before.reasoningTokens + usage.reasoningTokens,
    estimated: true,
  };
}
