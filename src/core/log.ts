import { plainJson } from "./plain-json.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Writes one line of JSON per event. Callers name each field that they log, so text, keys and media
 * of requests reach the log only on purpose.
 */
export function createLog(write: (line: string) => void, minimum: LogLevel = "info"): Log {
  return (level, event, fields = {}) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(minimum)) return;
    write(`${plainJson({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
}

export const silentLog: Log = () => {};
