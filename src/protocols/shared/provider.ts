import type { UpstreamModel } from "../../core/upstream.ts";

/** This server's name as a provider: in `provider`, `provider_name` and `x-provider`. */
export const LOCAL_PROVIDER = "local";

/** Who runs a model, as clients are told. */
export function providerOf({ provider = LOCAL_PROVIDER }: UpstreamModel): string {
  return provider;
}
