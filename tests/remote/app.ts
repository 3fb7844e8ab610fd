import { createApp as createLocalApp } from "../../src/server/app.ts";
import type { AppOptions } from "../../src/server/context.ts";
import { remoteOf } from "./remote-of.ts";

/** The app of src/server/app.ts, with a remote server between it and its upstream. */
export function createApp(options: AppOptions) {
  return createLocalApp({ ...options, upstream: remoteOf(options.upstream) });
}
