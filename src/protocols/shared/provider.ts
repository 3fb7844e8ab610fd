import { LOCAL_PROVIDER, type UpstreamModel } from "../../core/upstream.ts";

/** The provider that runs a model, for `provider`, `provider_name` and `x-provider`. */
export function providerOf({ provider = LOCAL_PROVIDER }: UpstreamModel): string {
  return provider;
}

/** The provider and model that answer: until the answer starts, those that usually do. */
export interface Answerer {
  readonly provider: string;
  /** Id of the model. */
  readonly model: string;
}
