// Rotary positions of Llama 3: frequencies, with the long-context scaling, and their angles.

import {
  type Fields,
  fieldOf,
  invalid,
  real,
  section,
  text,
  unsupported,
} from "../config-fields.ts";

/** Stretches slow frequencies: those whose wave is longer than the first training context. */
export interface RopeScaling {
  readonly factor: number;
  readonly lowFrequency: number;
  readonly highFrequency: number;
  readonly originalPositions: number;
}

export interface RopeConfig {
  readonly theta: number;
  readonly scaling: RopeScaling | undefined;
}

const RANGE = { min: 1e-6, max: 1e9 };

/** transformers 5 writes both parts as `rope_parameters`. */
export function parseRope(llm: Fields): RopeConfig {
  const joined = section(llm, "rope_parameters");
  const at = [joined, llm].find((fields) => fields && fieldOf(fields, "rope_theta") !== undefined);
  if (at === undefined) return invalid(`${llm.where}: rope_theta is missing`);
  const theta = required(at, "rope_theta");
  const scaling = joined ?? section(llm, "rope_scaling");
  const type = scaling && text(scaling, "rope_type", text(scaling, "type", "default"));
  if (scaling === undefined || type === "default") return { theta, scaling: undefined };
  if (type !== "llama3") {
    return unsupported(
      `${scaling.where}: rope_type is ${type}; llama3 and default are implemented`,
    );
  }
  return {
    theta,
    scaling: {
      factor: required(scaling, "factor"),
      lowFrequency: required(scaling, "low_freq_factor"),
      highFrequency: required(scaling, "high_freq_factor"),
      originalPositions: required(scaling, "original_max_position_embeddings"),
    },
  };
}

function required(fields: Fields, key: string): number {
  if (fieldOf(fields, key) === undefined) invalid(`${fields.where}: ${key} is missing`);
  return real(fields, key, { ...RANGE, fallback: 0 });
}

/** Radians that each pair of a head turns by from one position to the next. */
export function frequencies({ theta, scaling }: RopeConfig, headDim: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => {
    const frequency = theta ** ((-2 * pair) / headDim);
    return scaling === undefined ? frequency : stretched(frequency, scaling);
  });
}

function stretched(frequency: number, scaling: RopeScaling): number {
  const { factor, lowFrequency, highFrequency, originalPositions } = scaling;
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  if (turns < lowFrequency) return frequency / factor;
  if (turns > highFrequency) return frequency;
  const share = (turns - lowFrequency) / (highFrequency - lowFrequency);
  return ((1 - share) * frequency) / factor + share * frequency;
}

/** [positions, headDim]: each row's cosines, then its sines. Angles are float64. */
export function ropeAngles(rope: RopeConfig, headDim: number, positions: number): Float32Array {
  const turns = frequencies(rope, headDim);
  const half = turns.length;
  const angles = new Float32Array(positions * headDim);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * turns[pair]!;
      angles[position * headDim + pair] = Math.cos(angle);
      angles[position * headDim + half + pair] = Math.sin(angle);
    }
  }
  return angles;
}
