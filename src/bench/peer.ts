// Another engine on the same network, in turns with ours. Its scripts and packages are not part of
// this project: options name them, and they run in their own process.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { VireoError } from "../core/errors.ts";
import { Network, type NetworkOptions, PREFILL_TOKENS } from "./network.ts";
import { formatTable } from "./table.ts";
import { summarise } from "./timing.ts";

export interface PeerOptions {
  /** Folder with the peer's packages; named to the scripts as PEERS_DIR. */
  readonly packages: string;
  /** Folder with bench-llama.mjs and mkbench.mjs. */
  readonly scripts: string;
  /** Folder for the peer's model file. */
  readonly out: string;
  readonly rounds: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Tokens per second. */
export interface Speed {
  readonly best: number;
  readonly median: number;
}

export interface PeerReport {
  readonly threads: number;
  readonly ours: { readonly prefill: Speed; readonly decode: Speed };
  readonly theirs: { readonly prefill: Speed; readonly decode: Speed };
}

const DECODE_TOKENS = 64;
const PREFILLS = 5;
const PEER_TIMEOUT_MS = 20 * 60 * 1000;
const execute = promisify(execFile);

export async function benchPeer(
  options: NetworkOptions,
  peer: PeerOptions,
  print: (line: string) => void,
): Promise<PeerReport> {
  const model = await peerModel(options, peer);
  const { threads } = options;
  const network = await Network.open(options);
  const rounds: { readonly ours: Round; readonly theirs: Round }[] = [];
  try {
    await network.prefill(PREFILL_TOKENS);
    for (let round = 0; round < peer.rounds; round++) {
      const ours = await ourRound(network);
      const theirs = await peerRound(model, threads, peer);
      rounds.push({ ours, theirs });
      const show = ({ prefill, decode }: Round) =>
        `prefill ${prefill.median.toFixed(1)}, decode ${decode.median.toFixed(1)} tok/s`;
      const place = `round ${round + 1}, ${threads} thread${threads === 1 ? "" : "s"}`;
      print(`  ${place}: ours ${show(ours)}; theirs ${show(theirs)}`);
    }
  } finally {
    await network.close();
  }
  const overall = (of: (round: (typeof rounds)[number]) => Speed): Speed => ({
    best: Math.max(...rounds.map((round) => of(round).best)),
    median: summarise(rounds.map((round) => of(round).median)).median,
  });
  return {
    threads,
    ours: { prefill: overall((r) => r.ours.prefill), decode: overall((r) => r.ours.decode) },
    theirs: { prefill: overall((r) => r.theirs.prefill), decode: overall((r) => r.theirs.decode) },
  };
}

export function formatPeer(reports: readonly PeerReport[]): string {
  const header = ["tok/s", "threads", "ours", "median", "theirs", "median", "ratio", "median"];
  const lines = reports.flatMap(({ threads, ours, theirs }) =>
    (["prefill", "decode"] as const).map((what) => {
      const [a, b] = [ours[what], theirs[what]];
      const name = what === "prefill" ? `prefill ${PREFILL_TOKENS}` : "decode, batch 1";
      const ratios = [a.best / b.best, a.median / b.median];
      return [name, threads, a.best, a.median, b.best, b.median, ...ratios];
    }),
  );
  return `against llama.cpp (q4_0), best and median\n${formatTable(header, lines)}`;
}

interface Round {
  readonly prefill: Speed;
  readonly decode: Speed;
}

async function ourRound(network: Network): Promise<Round> {
  const prefills: number[] = [];
  for (let i = 0; i < PREFILLS; i++) prefills.push(await network.prefill(PREFILL_TOKENS));
  const decodes: number[] = [];
  for (let i = 0; i < DECODE_TOKENS; i++) {
    decodes.push(await network.decode(1, PREFILL_TOKENS + i));
  }
  const speed = (tokens: number, samples: readonly number[]): Speed => {
    const { best, median } = summarise(samples);
    return { best: (1000 * tokens) / best, median: (1000 * tokens) / median };
  };
  return { prefill: speed(PREFILL_TOKENS, prefills), decode: speed(1, decodes) };
}

/** Makes the peer's model file, unless it is there. */
async function peerModel({ pattern, vocabulary }: NetworkOptions, peer: PeerOptions) {
  const letters = pattern.replaceAll("-", "F").replaceAll("*", "A");
  const name = `bench-${letters}-${vocabulary}`;
  const path = join(peer.out, `${name}.q4_0.gguf`);
  if (existsSync(path)) return path;
  await mkdir(peer.out, { recursive: true });
  const size = ["--pattern", pattern, "--vocab", String(vocabulary)];
  await script(peer, "mkbench.mjs", [peer.out, "--types", "q4_0", ...size, "--name", name]);
  return path;
}

async function peerRound(model: string, threads: number, peer: PeerOptions): Promise<Round> {
  const size = ["--pp", String(PREFILL_TOKENS), "--tg", String(DECODE_TOKENS)];
  const how = ["--threads", String(threads), "--reps", String(PREFILLS), "--json", "1"];
  const args = ["--kind", "nlc", "--model", model, ...size, ...how];
  const output = await script(peer, "bench-llama.mjs", args);
  const line = output.split("\n").find((text) => text.startsWith("JSON "));
  const run = line && (JSON.parse(line.slice(5)) as { runs: PeerRun[] }).runs[0];
  if (!run) throw new VireoError("invalid_option", "bench-llama.mjs printed no figures");
  return {
    prefill: spread(run.pp_tok_s),
    decode: { best: run.tg_best_tok_s, median: spread(run.tg_tok_s).median },
  };
}

interface PeerRun {
  /** "median (least..most)" */
  readonly pp_tok_s: string;
  readonly tg_tok_s: string;
  readonly tg_best_tok_s: number;
}

function spread(text: string): Speed {
  const [median = Number.NaN, , most = Number.NaN] = (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);
  return { best: most, median };
}

async function script(peer: PeerOptions, name: string, args: readonly string[]): Promise<string> {
  const file = join(peer.scripts, name);
  const env = { ...peer.environment, PEERS_DIR: peer.packages };
  const limits = { env, timeout: PEER_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await execute(process.execPath, [file, ...args], limits);
  return stdout;
}
