import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

// The colours of tokens.css by WCAG 2: text 4.5, borders of fields 3.

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
const pairs = css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
const colours = new Map([...pairs].map(([, name, light, dark]) => [name!, [light!, dark!]]));

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const TEXTS: readonly (readonly [text: string, ground: string])[] = [
  ...["text", "muted", "accent", "danger", "warn"].flatMap((text) =>
    ["page", "surface", "sunken"].map((ground) => [text, ground] as const),
  ),
  ...["json-text", "json-number", "json-name"].map((text) => [text, "surface"] as const),
  ...[1, 2, 3, 4, 5].map((level) => ["text", `level-${level}`] as const),
  ...[1, 2, 3, 4, 5, 6].map((hue) => [`hue-${hue}`, "surface"] as const),
  ["text", "accent-soft"],
  ["accent-strong", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["danger", "danger-soft"],
  ["text", "danger-soft"],
  ["muted", "danger-soft"],
  ["warn", "warn-soft"],
  ["page", "text"],
];

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("the %s theme", (_, theme) => {
  const colour = (name: string): string => colours.get(name)?.[theme] ?? "";

  test.each(TEXTS)("%s is readable on %s", (text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["page", "surface"])("fields are visible on %s", (ground) => {
    expect(contrast(colour("line-strong"), colour(ground))).toBeGreaterThanOrEqual(3);
  });
});
