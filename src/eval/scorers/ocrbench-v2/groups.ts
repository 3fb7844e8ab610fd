// The 30 types of OCRBench v2, the group of each, and how scores are averaged.

export const ENGLISH_GROUPS = {
  "text recognition": [
    "text recognition en",
    "fine-grained text recognition en",
    "full-page OCR en",
  ],
  "text detection": ["text grounding en", "VQA with position en"],
  "text spotting": ["text spotting en"],
  "relationship extraction": ["key information extraction en", "key information mapping en"],
  "element parsing": [
    "document parsing en",
    "chart parsing en",
    "table parsing en",
    "formula recognition en",
  ],
  "mathematical calculation": ["math QA en", "text counting en"],
  "visual text understanding": ["document classification en", "cognition VQA en", "diagram QA en"],
  "knowledge reasoning": [
    "reasoning VQA en",
    "science QA en",
    "APP agent en",
    "ASCII art classification en",
  ],
} as const;

export const CHINESE_GROUPS = {
  "text recognition": ["full-page OCR cn"],
  "relationship extraction": ["key information extraction cn", "handwritten answer extraction cn"],
  "element parsing": ["document parsing cn", "table parsing cn", "formula recognition cn"],
  "visual text understanding": ["cognition VQA cn"],
  "knowledge reasoning": ["reasoning VQA cn", "text translation cn"],
} as const;

export interface Place {
  readonly language: "en" | "zh";
  readonly group: string;
}

const PLACES: ReadonlyMap<string, Place> = new Map([
  ...placesOf("en", ENGLISH_GROUPS),
  ...placesOf("zh", CHINESE_GROUPS),
]);

function placesOf(
  language: "en" | "zh",
  groups: Readonly<Record<string, readonly string[]>>,
): (readonly [string, Place])[] {
  return Object.entries(groups).flatMap(([group, types]) =>
    types.map((type) => [type, { language, group }] as const),
  );
}

/** The language and group of a type; undefined for an unknown type. */
export function placeOf(type: string): Place | undefined {
  return PLACES.get(type);
}
