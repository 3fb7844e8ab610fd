/** This server's name as a provider: in `provider`, `provider_name` and `x-provider`. */
export const LOCAL_PROVIDER = "local";
