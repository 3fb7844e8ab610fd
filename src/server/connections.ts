import { readdirSync } from "node:fs";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { LIMITS } from "../core/limits.ts";

export interface Connections {
  /** True if more connections than the bound are answering requests. */
  readonly areBusy: boolean;
}

/** Connections beyond `max` that are accepted, so that health checks get an answer. */
const SPARE_CONNECTIONS = 16;
const MIN_CONNECTIONS = 16;
/** A younger connection is closed only if no spare one is left: its request may be on the way. */
const MIN_IDLE_MS = 1000;

interface Use {
  /** Requests that are being answered. */
  readonly requests: number;
  readonly usedMs: number;
}

/**
 * Bounds the open connections of a server. Beyond `max`, a new connection closes the one that has
 * been idle for the longest time. So idle clients cannot keep others, or health checks, out.
 */
export function boundConnections(
  server: Server,
  max: number,
  now: () => number = () => performance.now(),
): Connections {
  /** Use of the open connections; the one that was used last comes last. */
  const uses = new Map<Socket, Use>();
  let busy = 0;
  const use = (socket: Socket, change: number): void => {
    const before = uses.get(socket)?.requests ?? 0;
    const requests = before + change;
    busy += Number(requests > 0) - Number(before > 0);
    uses.delete(socket);
    uses.set(socket, { requests, usedMs: now() });
  };
  server.maxConnections = max + SPARE_CONNECTIONS;
  server.on("connection", (socket: Socket) => {
    use(socket, 0);
    socket.once("close", () => {
      if ((uses.get(socket)?.requests ?? 0) > 0) busy -= 1;
      uses.delete(socket);
    });
    if (uses.size <= max) return;
    const isFull = uses.size >= max + SPARE_CONNECTIONS;
    closeOneIdle(uses, socket, isFull ? now() : now() - MIN_IDLE_MS);
  });
  server.on("request", ({ socket }, response) => {
    use(socket, 1);
    response.once("close", () => {
      if (uses.has(socket)) use(socket, -1);
    });
  });
  return {
    get areBusy() {
      return busy > max;
    },
  };
}

/** Closes the connection that was used first, if that was before `untilMs`. */
function closeOneIdle(uses: ReadonlyMap<Socket, Use>, newest: Socket, untilMs: number): void {
  for (const [socket, { requests, usedMs }] of uses) {
    if (requests > 0 || socket === newest) continue;
    if (usedMs <= untilMs) socket.destroy();
    return;
  }
}

/**
 * The number of connections for which there are file descriptors, beside those that are open now
 * and those that decoders and files need.
 */
export function maxConnections(): number {
  Object.assign(process.report, { excludeNetwork: true }); // it would look up names
  const { userLimits } = process.report.getReport() as unknown as Report;
  const limit = Number(userLimits?.open_files?.soft);
  const { max, reservedDescriptors } = LIMITS.connection;
  if (!Number.isFinite(limit)) return max;
  const reserved = Math.min(reservedDescriptors, Math.floor(limit / 4));
  const free = limit - openDescriptors() - reserved - SPARE_CONNECTIONS;
  return Math.max(MIN_CONNECTIONS, Math.min(max, free));
}

/** "unlimited" has no number. */
interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | string } };
}

function openDescriptors(): number {
  try {
    return readdirSync("/dev/fd").length;
  } catch {
    return 0; // no such folder on this system
  }
}
