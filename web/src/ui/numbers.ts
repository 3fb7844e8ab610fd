// Formats numbers for people.

export function count(value: number): string {
  return value.toLocaleString("en");
}

/** "1 token", "2,304 tokens". */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function seconds(ms: number): string {
  const value = ms / 1000;
  if (value >= 100) return `${Math.round(value)} s`;
  return `${value.toFixed(value >= 10 ? 1 : 2)} s`;
}

/** Formats US dollars. Small sums keep two significant digits. */
export function dollars(value: number): string {
  if (value >= 1) return `$${value.toFixed(2)}`;
  return `$${value.toLocaleString("en", { maximumSignificantDigits: 2 })}`;
}

/** Formats a duration as media players do: 1:07, 1:02:03. */
export function clock(length: number): string {
  const whole = Math.round(length);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, at) => (at === 0 ? `${part}` : `${part}`.padStart(2, "0"))).join(":");
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value.toFixed(value >= 99.95 || value < 0.05 ? 0 : 1)} %`;
}

/** A price of the server as a number, or undefined where the operator set none. */
export function price(text: string | undefined): number | undefined {
  const value = Number(text ?? "0");
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Formats a size with two significant digits: "1.4 MB". */
export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power > 0 && scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[power]}`;
}

/** A Unix time in seconds as a date, with its time of day. */
export function date(unixSeconds: number): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Date(unixSeconds * 1000).toLocaleString("en", options);
}
