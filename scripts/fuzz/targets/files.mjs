// Files and forms: checkpoints, keys, uploads, page selections, URLs of media.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VireoError } from "../../../dist/core/errors.js";
import { checkMediaUrl } from "../../../dist/egress/address.js";
import { isPublicAddress } from "../../../dist/egress/public-address.js";
import { boundaryOf, readMultipart } from "../../../dist/files/multipart.js";
import { readKeyFile } from "../../../dist/limits/keys.js";
import { choosePages } from "../../../dist/media/page-range.js";
import { checkTokenizer } from "../../../dist/text/tokenizer-file.js";
import { readShardHeader } from "../../../dist/weights/safetensors.js";
import { cut, expect } from "../check.mjs";

const FOLDER = mkdtempSync(join(tmpdir(), "vireo-fuzz-"));
process.on("exit", () => rmSync(FOLDER, { recursive: true, force: true }));

const HEADER = {
  __metadata__: { format: "pt" },
  "a.weight": { dtype: "BF16", shape: [2, 3], data_offsets: [0, 12] },
  "b.bias": { dtype: "F32", shape: [1], data_offsets: [12, 16] },
};

function safetensors(header, data = 16) {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(data)]);
}

/** Every tensor lies within the file, and no two overlap. */
async function checkShard(bytes) {
  writeFileSync(join(FOLDER, "model.safetensors"), bytes);
  const { file, entries } = await readShardHeader(FOLDER, "model.safetensors");
  let last = file.dataOffset;
  for (const entry of entries.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    if (entry.bytes === 0) continue;
    expect(entry.offsetBytes >= last, "tensors overlap");
    last = entry.offsetBytes + entry.bytes;
    expect(last <= bytes.length, "a tensor ends behind the file");
  }
}

const FORM = [
  '--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n',
  '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n',
  "Content-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n",
].join("");

async function readForm(pieces) {
  async function* body() {
    yield* pieces;
  }
  const parts = [];
  for await (const event of readMultipart(body(), "b")) {
    if (event.type === "part") parts.push({ ...event, bytes: [] });
    else parts.at(-1).bytes.push(...event.bytes);
  }
  return JSON.stringify(parts);
}

async function outcome(run) {
  try {
    return await run();
  } catch (error) {
    if (error instanceof VireoError) return error.code;
    throw error;
  }
}

export const targets = {
  safetensors: {
    form: "bytes",
    covers: ["/dist/weights/safetensors"],
    maxBytes: 4096,
    dictionary: [
      '"dtype"',
      '"shape"',
      '"data_offsets"',
      "BF16",
      "F8_E4M3",
      "[0,12]",
      "9007199254740993",
      "-1",
      "{",
      "}",
    ],
    seeds: () => [safetensors(HEADER), safetensors({}, 0)],
    run: checkShard,
  },
  "safetensors-header": {
    form: "json",
    covers: ["/dist/weights/safetensors"],
    keys: ["dtype", "shape", "data_offsets", "__metadata__", "c"],
    values: ["BF16", "F32", "U8", "F8_E4M3", 0, 12, 16, 2 ** 53, -1, 1.5, [0, 16]],
    seeds: () => [HEADER],
    run: (header) => checkShard(safetensors(header)),
  },
  multipart: {
    form: "bytes",
    covers: ["/dist/files/multipart.js"],
    dictionary: [
      "--b",
      "--b--",
      "\r\n",
      "\r\n\r\n",
      "Content-Disposition: form-data; ",
      'name="',
      "filename*=UTF-8''",
      ";",
      '"',
    ],
    seeds: () => [Buffer.from(FORM)],
    /** The parts must not depend on how the body is cut. */
    async run(bytes) {
      const inOne = await outcome(() => readForm([bytes]));
      const inMany = await outcome(() => readForm(cut(bytes)));
      expect(inOne === inMany, `pieces change the form: ${inOne} and ${inMany}`);
    },
  },
  boundary: {
    form: "text",
    covers: ["/dist/files/multipart.js"],
    dictionary: ["multipart/form-data", "boundary=", '"', ";", " "],
    seeds: () => [
      'multipart/form-data; charset=utf-8; boundary="a b"',
      "multipart/form-data;boundary=x",
    ],
    run: boundaryOf,
  },
  keys: {
    form: "json",
    covers: ["/dist/limits/keys.js"],
    keys: ["name", "sha256", "createdUnix", "expiresUnix", "limits", "requestsPerMinute", "keys"],
    seeds: () => [
      {
        keys: [
          { name: "a", sha256: "0".repeat(64), createdUnix: 1, limits: { requestsPerMinute: 5 } },
        ],
      },
    ],
    run(json) {
      const path = join(FOLDER, "keys.json");
      writeFileSync(path, JSON.stringify(json));
      readKeyFile(path);
    },
  },
  "tokenizer-file": {
    form: "json",
    covers: ["/dist/text/tokenizer-file.js"],
    keys: [
      "model",
      "vocab",
      "merges",
      "added_tokens",
      "content",
      "id",
      "special",
      "pre_tokenizer",
      "type",
    ],
    values: ["BPE", "ByteLevel", "Sequence", "a b", ["a", "b"], 2 ** 31],
    seeds: () => [
      {
        added_tokens: [
          {
            id: 3,
            content: "<s>",
            special: true,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
          },
        ],
        pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
        model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] },
      },
    ],
    run: checkTokenizer,
  },
  pages: {
    form: "text",
    covers: ["/dist/media/page-range.js"],
    maxBytes: 2048,
    dictionary: ["1-", "-3", ",", "1-100", "99999999999", " "],
    seeds: () => ["1-3,7,12-", "5", "-2"],
    run(text) {
      const pages = choosePages(text, 20);
      expect(new Set(pages).size === pages.length, "a page is chosen twice");
      expect(
        pages.every((page) => Number.isInteger(page) && page >= 1 && page <= 20),
        "no such page",
      );
    },
  },
  "media-url": {
    form: "text",
    covers: ["/dist/egress/address.js"],
    maxBytes: 4096,
    dictionary: [
      "http://",
      "https://",
      "[::ffff:",
      "]",
      "127.0.0.1",
      "0x7f",
      "2130706433",
      ":80",
      "@",
      "%",
      "#",
      "/",
      ".",
      "localhost",
    ],
    seeds: () => ["https://example.com/a.png?b=c", "http://[2001:4860::1]/x", "http://8.8.8.8:80/"],
    /** An address that passes is public in every spelling that the URL parser gives it. */
    run(text) {
      const { hostname, protocol, username } = checkMediaUrl(text, false);
      expect(/^https?:$/.test(protocol) && username === "", "another scheme, or credentials");
      const literal = hostname.replace(/^\[|\]$/g, "");
      if (isIP(literal) !== 0) expect(isPublicAddress(literal), `${literal} is not public`);
    },
  },
};
