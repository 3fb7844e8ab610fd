export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * One line of JSON per event. Callers name each field they log, so a request's text, key or
 * media can only reach the log if somebody writes it there on purpose.
 */
export function createLog(write: (line: string) => void, minimum: LogLevel = "info"): Log {
  return (level, event, fields = {}) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(minimum)) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
}

export const silentLog: Log = () => {};
