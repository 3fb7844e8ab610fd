import type { UpstreamModel } from "../../core/upstream.ts";

/** This server's name as a provider: in `provider`, `provider_name` and `x-provider`. */
export const LOCAL_PROVIDER = "local";

/** The name of the provider that runs a model, as reported to clients. */
export function providerOf({ provider = LOCAL_PROVIDER }: UpstreamModel): string {
  return provider;
}

/** The provider and model that answer: until the answer starts, those that usually do. */
export interface Answerer {
  readonly provider: string;
  /** Id of the model. */
  readonly model: string;
}
