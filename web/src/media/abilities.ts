import { isRecord } from "../api/failure.ts";
import type { Model } from "../api/types.ts";
import { isOffice, type Kind } from "./kinds.ts";

/** The abilities of /v1/models, with the files that a server without them cannot read. */
const ABILITIES: Readonly<Record<string, string>> = {
  video: "videos",
  office: "office documents",
};

interface Attachment {
  readonly kind: Kind;
  readonly type: string;
}

/** Explains why the server cannot read a file; undefined if it can or does not tell. */
export function missingAbility(
  model: Model | undefined,
  { kind, type }: Attachment,
): string | undefined {
  if (kind === "video") return problemOf(model, "video");
  return isOffice(type) ? problemOf(model, "office") : undefined;
}

/** One sentence for each ability that the server lacks. */
export function missingAbilities(model: Model | undefined): readonly string[] {
  return Object.keys(ABILITIES).flatMap((name) => problemOf(model, name) ?? []);
}

/** An ability is `false`, or `{"available": false, "hint": "install …"}`. */
function problemOf(model: Model | undefined, name: string): string | undefined {
  const ability: unknown = model?.abilities?.[name];
  const isOff = ability === false || (isRecord(ability) && ability.available === false);
  if (!isOff) return undefined;
  const hint = isRecord(ability) && typeof ability.hint === "string" ? ` ${ability.hint}` : "";
  return `This server cannot read ${ABILITIES[name]}.${hint}`;
}
