// The retrieval models in float64 by plain loops, straight from the published files: the authority
// for tests. It shares no code with src, down to the reading of safetensors.
import { readFileSync } from "node:fs";

type Rows = Float64Array[];
type Json = Record<string, unknown>;

export interface Reference {
  /** The mean of a sequence's states, L2-normalised; a reranker's logit. */
  run(ids: readonly number[], pictureRows?: Rows): Float64Array;
  /** [3·side²] of one tile → its rows. */
  tile(pixels: Float32Array): Rows;
}

export function openReference(dir: string): Reference {
  const config = JSON.parse(readFileSync(`${dir}/config.json`, "utf8")) as Json;
  const weights = readWeights(`${dir}/model.safetensors`);
  const isVl = config.model_type === "llama_nemotron_vl";
  const text = (isVl ? config.llm_config : config) as Json;
  const isReranker = weights.has("score.weight");
  const prefix = isVl ? "language_model." : isReranker ? "model." : "";
  const get = (name: string): Float64Array => {
    const found = weights.get(name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  return {
    run(ids, pictureRows) {
      const states = textStates(text, (name) => get(prefix + name), ids, config, pictureRows);
      const mean = states[0]!.map((_, c) => states.reduce((s, row) => s + row[c]!, 0) / ids.length);
      if (isReranker) {
        const logit = dot(get("score.weight"), mean) / (config.temperature as number);
        return Float64Array.of(logit);
      }
      const length = Math.sqrt(dot(mean, mean));
      return mean.map((value) => value / length);
    },
    tile: (pixels) => tileRows(config, get, pixels),
  };
}

function readWeights(path: string): Map<string, Float64Array> {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Json;
  const weights = new Map<string, Float64Array>();
  const scratch = new DataView(new ArrayBuffer(4));
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = (entry as { data_offsets: [number, number] }).data_offsets;
    const values = new Float64Array((to - from) / 2);
    for (let i = 0; i < values.length; i++) {
      scratch.setUint32(0, file.readUInt16LE(8 + length + from + 2 * i) << 16);
      values[i] = scratch.getFloat32(0);
    }
    weights.set(name, values);
  }
  return weights;
}

function textStates(
  text: Json,
  get: (name: string) => Float64Array,
  ids: readonly number[],
  config: Json,
  pictureRows?: Rows,
): Rows {
  const [hidden, heads, kvHeads, dim, layers, eps] = [
    ...["hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"],
    ...["num_hidden_layers", "rms_norm_eps"],
  ].map((key) => text[key] as number) as [number, number, number, number, number, number];
  const table = get("embed_tokens.weight");
  let picture = 0;
  const x: Rows = ids.map((id) =>
    pictureRows && id === config.img_context_token_id
      ? pictureRows[picture++]!.slice()
      : table.slice(id * hidden, (id + 1) * hidden),
  );
  for (let layer = 0; layer < layers; layer++) {
    const at = `layers.${layer}`;
    const normed = x.map((row) => rms(row, get(`${at}.input_layernorm.weight`), eps));
    const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((name) =>
      normed.map((row) => multiply(get(`${at}.self_attn.${name}.weight`), row)),
    ) as [Rows, Rows, Rows];
    for (const rows of [q, k]) {
      rows.forEach((row, position) => {
        turn(row, position, dim, text);
      });
    }
    const mixed = attend(q, k, v, heads, kvHeads, dim);
    mixed.forEach((row, t) => {
      addTo(x[t]!, multiply(get(`${at}.self_attn.o_proj.weight`), row));
    });
    for (const row of x) {
      const inner = rms(row, get(`${at}.post_attention_layernorm.weight`), eps);
      const gate = multiply(get(`${at}.mlp.gate_proj.weight`), inner);
      const up = multiply(get(`${at}.mlp.up_proj.weight`), inner);
      const joined = up.map((value, i) => (value * gate[i]!) / (1 + Math.exp(-gate[i]!)));
      addTo(row, multiply(get(`${at}.mlp.down_proj.weight`), joined));
    }
  }
  return x.map((row) => rms(row, get("norm.weight"), eps));
}

/** Pairs (d, d + dim/2), with the wavelengths of Llama 3.1's long context. */
function turn(row: Float64Array, position: number, dim: number, text: Json): void {
  const scaling = text.rope_scaling as Record<string, number>;
  for (let d = 0; d < dim / 2; d++) {
    let speed = 1 / (text.rope_theta as number) ** ((2 * d) / dim);
    const wave = (2 * Math.PI) / speed;
    const original = scaling.original_max_position_embeddings!;
    const [low, high] = [scaling.low_freq_factor!, scaling.high_freq_factor!];
    if (wave > original / low) speed /= scaling.factor!;
    else if (wave >= original / high) {
      const smooth = (original / wave - low) / (high - low);
      speed = ((1 - smooth) * speed) / scaling.factor! + smooth * speed;
    }
    const [cos, sin] = [Math.cos(position * speed), Math.sin(position * speed)];
    for (let head = 0; head < row.length; head += dim) {
      const [a, b] = [row[head + d]!, row[head + d + dim / 2]!];
      row[head + d] = a * cos - b * sin;
      row[head + d + dim / 2] = b * cos + a * sin;
    }
  }
}

function attend(q: Rows, k: Rows, v: Rows, heads: number, kvHeads: number, dim: number): Rows {
  return q.map((row) => {
    const out = new Float64Array(heads * dim);
    for (let head = 0; head < heads; head++) {
      const own = row.subarray(head * dim, (head + 1) * dim);
      const from = Math.floor(head / (heads / kvHeads)) * dim;
      const scores = k.map((key) => dot(own, key.subarray(from, from + dim)) / Math.sqrt(dim));
      const top = Math.max(...scores);
      const parts = scores.map((score) => Math.exp(score - top));
      const total = parts.reduce((a, b) => a + b);
      v.forEach((value, t) => {
        for (let d = 0; d < dim; d++)
          out[head * dim + d]! += (parts[t]! / total) * value[from + d]!;
      });
    }
    return out;
  });
}

function tileRows(config: Json, get: (name: string) => Float64Array, pixels: Float32Array): Rows {
  const vision = config.vision_config as Record<string, number>;
  const { hidden_size: width, num_attention_heads: heads, patch_size: patch } = vision;
  const side = config.force_image_size as number;
  const grid = side / patch!;
  const root = "vision_model.vision_model";
  const affine = (name: string, row: Float64Array) =>
    multiply(get(`${name}.weight`), row).map((value, i) => value + get(`${name}.bias`)[i]!);
  const norm = (name: string, row: Float64Array, eps: number) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map(
      (value, i) =>
        ((value - mean) / Math.sqrt(variance + eps)) * get(`${name}.weight`)[i]! +
        get(`${name}.bias`)[i]!,
    );
  };
  const positions = get(`${root}.embeddings.position_embedding.weight`);
  const x: Rows = Array.from({ length: grid * grid }, (_, p) => {
    const [top, left] = [Math.floor(p / grid) * patch!, (p % grid) * patch!];
    const values: number[] = [];
    for (let c = 0; c < 3; c++) {
      for (let row = 0; row < patch!; row++) {
        for (let col = 0; col < patch!; col++) {
          values.push(pixels[c * side * side + (top + row) * side + left + col]!);
        }
      }
    }
    const embedded = affine(`${root}.embeddings.patch_embedding`, Float64Array.from(values));
    return embedded.map((value, i) => value + positions[p * width! + i]!);
  });
  const eps = vision.layer_norm_eps!;
  for (let layer = 0; layer < vision.num_hidden_layers!; layer++) {
    const at = `${root}.encoder.layers.${layer}`;
    const normed = x.map((row) => norm(`${at}.layer_norm1`, row, eps));
    const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((name) =>
      normed.map((row) => affine(`${at}.self_attn.${name}`, row)),
    ) as [Rows, Rows, Rows];
    attend(q, k, v, heads!, heads!, width! / heads!).forEach((row, t) => {
      addTo(x[t]!, affine(`${at}.self_attn.out_proj`, row));
    });
    for (const row of x) {
      const inner = affine(`${at}.mlp.fc1`, norm(`${at}.layer_norm2`, row, eps));
      addTo(row, affine(`${at}.mlp.fc2`, inner.map(geluTanh)));
    }
  }
  const last = x.map((row) => norm(`${root}.post_layernorm`, row, eps));
  return Array.from({ length: (grid * grid) / 4 }, (_, cell) => {
    const [r, c] = [2 * Math.floor(cell / (grid / 2)), 2 * (cell % (grid / 2))];
    const first = r * grid + c;
    const cells = [first, first + 1, first + grid, first + grid + 1];
    const four = cells.flatMap((at) => [...last[at]!]);
    const inner = affine("mlp1.1", norm("mlp1.0", Float64Array.from(four), 1e-5));
    return affine("mlp1.3", inner.map(geluExact));
  });
}

function rms(row: Float64Array, weight: Float64Array, eps: number): Float64Array {
  const scale = 1 / Math.sqrt(dot(row, row) / row.length + eps);
  return row.map((value, i) => value * scale * weight[i]!);
}

function multiply(weight: Float64Array, x: Float64Array): Float64Array {
  return Float64Array.from({ length: weight.length / x.length }, (_, row) =>
    dot(weight.subarray(row * x.length, (row + 1) * x.length), x),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addTo(into: Float64Array, x: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += x[i]!;
}

function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** x · Φ(x), the integral of the normal density by Simpson's rule. */
function geluExact(x: number): number {
  const steps = 2000;
  const h = x / steps;
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 0 ? 2 : 4) * density(i * h);
  return x * (0.5 + (sum * h) / 3);
}
