// Data sets in all three layouts give the same items, with the bytes of their pictures.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hashDataset, hashItem, openDataset } from "../../src/eval/dataset.ts";
import type { BenchmarkId, Item } from "../../src/eval/types.ts";
import {
  numberColumn,
  pictureBytes,
  pictureColumn,
  textColumn,
  textListColumn,
  writeFiles,
  writeParquet,
  writeTsv,
} from "./datasets.ts";

const ROOT = mkdtempSync(join(tmpdir(), "vireo-eval-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => {
  folders += 1;
  return join(ROOT, String(folders));
};

async function itemsAt(benchmark: BenchmarkId, path: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of (await openDataset(benchmark, path)).read()) items.push(item);
  return items;
}

async function picturesOf(items: readonly Item[]): Promise<Uint8Array[]> {
  const images = items.flatMap(({ media }) => media.filter((one) => one.type === "image"));
  return Promise.all(images.map((image) => image.read()));
}

const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const picture = (at: number) => ({ bytes: pictureBytes(at), path: null });
const base64 = (at: number) => Buffer.from(pictureBytes(at)).toString("base64");

test("MMMU: shards of subjects, options as a printed list, up to seven pictures", async () => {
  const folder = newFolder();
  const options = `['$6', "it's", 'x \\\\ y']`;
  for (const subject of ["Art", "Math"]) {
    writeParquet(join(folder, subject, "validation-00000-of-00001.parquet"), [
      [textColumn("id"), times(15, (at) => `validation_${subject}_${at + 1}`)],
      [textColumn("question"), times(15, (at) => `Question ${at} <image 1>`)],
      [textColumn("options"), times(15, (at) => (at === 14 ? "[]" : options))],
      [textColumn("answer"), times(15, (at) => (at === 14 ? "['24/7', '3.429']" : "B"))],
      [textColumn("question_type"), times(15, (at) => (at === 14 ? "open" : "multiple-choice"))],
      [pictureColumn("image_1"), times(15, picture)],
      [pictureColumn("image_2"), times(15, (at) => (at === 3 ? picture(100) : null))],
    ]);
    writeFiles(folder, { [`${subject}/dev-00000-of-00001.parquet`]: new Uint8Array(4) });
  }
  const items = await itemsAt("mmmu", folder);
  expect(items).toHaveLength(30);
  expect(items[0]).toMatchObject({
    id: "validation_Art_1",
    options: ["$6", "it's", "x \\ y"],
    golds: ["B"],
    groups: { subject: "Art", kind: "choice" },
  });
  expect(items[14]).toMatchObject({ options: [], golds: ["24/7", "3.429"] });
  expect(items[14]!.fields).toEqual({ answer: "['24/7', '3.429']" });
  expect(await picturesOf([items[3]!])).toEqual([pictureBytes(3), pictureBytes(100)]);
  expect((await openDataset("mmmu", folder)).warning).toMatch(
    /^30 items; the benchmark states 900/,
  );
});

test("the three layouts of OCRBench give the same pictures and golds", async () => {
  const [parquet, json, tsv] = [newFolder(), newFolder(), newFolder()];
  writeParquet(join(parquet, "data/test-00000-of-00001.parquet"), [
    [textColumn("dataset"), times(20, () => "IIIT5K")],
    [textColumn("question"), times(20, (at) => `Read ${at}.`)],
    [textColumn("question_type"), times(20, () => "Regular Text Recognition")],
    [textListColumn("answer"), times(20, (at) => [`gold ${at}`, "other"])],
    [pictureColumn("image"), times(20, picture)],
  ]);
  const list = times(20, (id) => ({
    dataset_name: "IIIT5K",
    id,
    image_path: `pictures/${id}.jpg`,
    question: `Read ${id}.`,
    answers: [`gold ${id}`, "other"],
    type: "Regular Text Recognition",
  }));
  const files = times(20, (at) => [`pictures/${at}.jpg`, pictureBytes(at)] as const);
  writeFiles(json, Object.fromEntries(files));
  writeFileSync(join(json, "OCRBench.json"), JSON.stringify(list));
  writeTsv(
    join(tsv, "OCRBench.tsv"),
    times(20, (at) => ({
      index: String(at),
      image: base64(at),
      question: `Read ${at}.`,
      answer: `["gold ${at}", 'other']`,
      category: "Regular Text Recognition",
    })),
  );
  const all = await Promise.all([parquet, json, tsv].map((path) => itemsAt("ocrbench", path)));
  for (const items of all) {
    expect(items.map(({ question }) => question)).toEqual(times(20, (at) => `Read ${at}.`));
    expect(items[7]!.golds).toEqual(["gold 7", "other"]);
    expect(items[7]!.groups).toMatchObject({ type: "Regular Text Recognition" });
    expect(await picturesOf(items)).toEqual(times(20, pictureBytes));
  }
  const hashes = await Promise.all(all.map((items) => Promise.all(items.map(hashItem))));
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
});

test("a TSV row may hold tabs, quotes, line breaks, and another row's picture", async () => {
  const folder = newFolder();
  writeTsv(join(folder, "AI2D_TEST.tsv"), [
    {
      index: "1",
      image: base64(1),
      question: 'Say "A"\tor\nB',
      A: "root",
      B: 'a "leaf"',
      C: "",
      answer: "B",
    },
    { index: "2", image: "1", question: "Again?", A: "x", B: "y", C: "z", answer: "C" },
  ]);
  const items = await itemsAt("ai2d", join(folder, "AI2D_TEST.tsv"));
  expect(items.map(({ question }) => question)).toEqual(['Say "A"\tor\nB', "Again?"]);
  expect(items.map(({ options }) => options)).toEqual([
    ["root", 'a "leaf"'],
    ["x", "y", "z"],
  ]);
  expect(await picturesOf(items)).toEqual([pictureBytes(1), pictureBytes(1)]);
});

test("AI2D and MathVista in parquet: indices become letters, precision is a float", async () => {
  const [ai2d, mathvista] = [newFolder(), newFolder()];
  writeParquet(join(ai2d, "data/test-00000-of-00001.parquet"), [
    [textColumn("question"), ["Which?"]],
    [textListColumn("options"), [["a", "b", "c", "d"]]],
    [textColumn("answer"), ["2"]],
    [pictureColumn("image"), [picture(1)]],
  ]);
  expect(await itemsAt("ai2d", ai2d)).toMatchObject([
    { golds: ["C"], options: ["a", "b", "c", "d"] },
  ]);
  writeParquet(join(mathvista, "data/testmini-00000-of-00001-abc.parquet"), [
    [textColumn("pid"), ["1", "2"]],
    [textColumn("question"), ["Short?", "Short?"]],
    [textColumn("query"), ["Hint: …\nQuestion: Short?\nSolution: ", "Hint: …"]],
    [textColumn("image"), ["images/1.jpg", "images/2.jpg"]],
    [pictureColumn("decoded_image"), [picture(1), picture(2)]],
    [textListColumn("choices"), [null, ["x", "y"]]],
    [numberColumn("precision", "DOUBLE"), [1, null]],
    [textColumn("answer"), ["0.6", "y"]],
    [textColumn("question_type"), ["free_form", "multi_choice"]],
    [textColumn("answer_type"), ["float", "text"]],
  ]);
  const items = await itemsAt("mathvista", mathvista);
  expect(items[0]).toMatchObject({
    question: "Hint: …\nQuestion: Short?\nSolution: ",
    options: [],
    fields: { answer_type: "float", precision: 1 },
  });
  expect(items[1]!.options).toEqual(["x", "y"]);
  expect(await picturesOf(items)).toEqual([pictureBytes(1), pictureBytes(2)]);
});

test("OCRBench v2: dicts, boxes and polygons keep their numbers", async () => {
  const folder = newFolder();
  const text = `[
    {"type": "chart parsing en", "id": 1, "image_path": "a.png", "question": "?",
     "answers": [{"A": {"2019": 1.0, "2020": 2}}]},
    {"type": "text spotting en", "id": 2, "image_path": "a.png", "question": "?", "answers": [],
     "bbox": [[1, 2, 3, 2, 3, 4, 1, 4]], "content": ["Hi"]},
    {"type": "text grounding en", "id": 3, "image_path": "a.png", "question": "?",
     "answers": [1, 2, 3, 4], "eval": "None"}]`;
  writeFiles(folder, { "a.png": pictureBytes(1) });
  writeFileSync(join(folder, "OCRBench_v2.json"), text);
  const [chart, spotting, grounding] = await itemsAt("ocrbench-v2", folder);
  expect(chart!.golds).toEqual([
    new Map([
      [
        "A",
        new Map<string, number | bigint>([
          ["2019", 1],
          ["2020", 2n],
        ]),
      ],
    ]),
  ]);
  expect(chart!.groups).toMatchObject({ language: "en", group: "element parsing" });
  expect(spotting!.fields).toEqual({ bbox: [[1n, 2n, 3n, 2n, 3n, 4n, 1n, 4n]], content: ["Hi"] });
  expect(grounding).toMatchObject({ golds: [1n, 2n, 3n, 4n], fields: {} });
});

test("DocVQA: pages of a document are a cluster, a test split has no answers", async () => {
  const folder = newFolder();
  const columns = (answers: unknown[]) =>
    [
      [textColumn("questionId"), ["337", "338"]],
      [textColumn("question"), ["Who?", "When?"]],
      [textListColumn("question_types"), [["handwritten", "form"], ["layout"]]],
      [pictureColumn("image"), [picture(1), picture(2)]],
      [numberColumn("docId", "INT64"), [279n, 279n]],
      [textListColumn("answers"), answers],
    ] as const;
  const data = columns([["ITC", "itc"], ["1990"]]);
  writeParquet(join(folder, "DocVQA/validation-00000-of-00006.parquet"), data);
  writeParquet(join(folder, "InfographicVQA/validation-00000-of-00006.parquet"), data);
  const items = await itemsAt("docvqa", folder);
  expect(items.map(({ id, cluster, golds }) => [id, cluster, golds])).toEqual([
    ["337", "279", ["ITC", "itc"]],
    ["338", "279", ["1990"]],
  ]);
  expect(items[0]!.groups).toEqual({ type: "handwritten, form" });
  const hidden = newFolder();
  writeParquet(join(hidden, "DocVQA/validation-00000-of-00001.parquet"), columns([null, null]));
  expect((await itemsAt("docvqa", hidden)).map(({ golds }) => golds)).toEqual([[], []]);
});

test("Video-MME and MVBench: the files of videos are found beside the questions", async () => {
  const [mme, mv] = [newFolder(), newFolder()];
  writeParquet(join(mme, "videomme/test-00000-of-00001.parquet"), [
    [textColumn("videoID"), ["abc"]],
    [textColumn("question_id"), ["001-1"]],
    [textColumn("duration"), ["short"]],
    [textColumn("question"), ["What?"]],
    [textListColumn("options"), [["A. x", "B. y", "C. z", "D. w"]]],
    [textColumn("answer"), ["D"]],
  ]);
  writeFiles(mme, { "data/abc.mkv": pictureBytes(1) });
  const [first] = await itemsAt("videomme", mme);
  expect(first).toMatchObject({ id: "001-1", cluster: "abc", groups: { duration: "short" } });
  expect(first!.media).toEqual([{ type: "video", path: join(mme, "data/abc.mkv") }]);
  const task = [
    { video: "v.mp4", question: "?", candidates: ["x", "y"], answer: "y", start: 1.5, end: 4 },
  ];
  writeFiles(mv, { "video/clevrer/video_validation/v.mp4": pictureBytes(2) });
  writeFiles(mv, { "json/moving_count.json": Buffer.from(JSON.stringify(task)) });
  const [second] = await itemsAt("mvbench", mv);
  expect(second).toMatchObject({ groups: { task: "moving_count" }, options: ["x", "y"] });
  const path = join(mv, "video/clevrer/video_validation/v.mp4");
  expect(second!.media).toEqual([{ type: "video", path, startSeconds: 1.5, endSeconds: 4 }]);
});

test("repeated ids are told apart", async () => {
  const folder = newFolder();
  const one = { question: "?", answers: "a", type: "t", id: 7, image_path: "a" };
  writeFiles(folder, { "OCRBench.json": Buffer.from(JSON.stringify([one, one])) });
  expect((await itemsAt("ocrbench", folder)).map(({ id }) => id)).toEqual(["7", "7#2"]);
});

test.each([
  [
    "a missing column",
    [{ question: "?", image_path: "a" }],
    /no column "answers" or "answer"; it has/,
  ],
  ["a list of something else", [1, 2], /not JSON with a list or an object of items/],
])("%s is explained", async (_, content, message) => {
  const folder = newFolder();
  writeFiles(folder, { "OCRBench.json": Buffer.from(JSON.stringify(content)) });
  await expect(itemsAt("ocrbench", folder)).rejects.toThrow(message);
});

test("paths that lead out of the folder and pointers of Git LFS are explained", async () => {
  const folder = newFolder();
  const one = { question: "?", answers: "a", type: "t", image_path: "../../etc/passwd" };
  writeFiles(folder, { "OCRBench.json": Buffer.from(JSON.stringify([one])) });
  const items = await itemsAt("ocrbench", folder);
  await expect(picturesOf(items)).rejects.toThrow(/names a file outside of its folder/);
  const lfs = newFolder();
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  writeFiles(lfs, { "data/test-00000-of-00001.parquet": Buffer.from(pointer) });
  await expect(itemsAt("ai2d", lfs)).rejects.toThrow(/is no parquet file .* Git LFS/);
  await expect(itemsAt("ai2d", join(ROOT, "nothing"))).rejects.toThrow(/does not exist/);
  await expect(itemsAt("ai2d", newFolder())).rejects.toThrow(/does not exist/);
});

test("without media the pictures are not read, and the hash does not depend on order", async () => {
  const folder = newFolder();
  const columns = [
    [textColumn("question"), times(5, (at) => `Q${at}`)],
    [textColumn("answer"), times(5, String)],
    [pictureColumn("image"), times(5, picture)],
  ] as const;
  writeParquet(join(folder, "data/test-00000-of-00001.parquet"), columns);
  const dataset = await openDataset("chartqa", folder);
  const bare: Item[] = [];
  for await (const item of dataset.read({ media: false })) bare.push(item);
  expect(bare.map(({ media, golds }) => [media, golds])).toEqual(
    times(5, (at) => [[], [String(at)]]),
  );
  const pairs = times(5, (at) => [String(at), `hash ${at}`] as const);
  expect(hashDataset(new Map(pairs))).toBe(hashDataset(new Map(pairs.toReversed())));
});
