import type { BoundsRequest } from "./inputs.mjs";

export const KEYS: { readonly hostile: string; readonly other: string };

/** The worst since the last look. */
export interface Look {
  readonly stallMs: number;
  /** CPU time of the main thread in one stall. */
  readonly busyMs: number;
  readonly peakBytes: number;
  readonly usedBytes: number;
}

export interface MeasuredServer {
  readonly port: number;
  readonly gone: boolean;
  look(): Promise<Look | undefined>;
  stop(): Promise<void>;
}

export function startServer(build: string): Promise<MeasuredServer>;
export function send(
  server: Pick<MeasuredServer, "port">,
  request: BoundsRequest,
  key?: string,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly ms: number }>;
export function closeConnections(): void;
