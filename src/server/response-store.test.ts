import { expect, test } from "vitest";
import { openMemory } from "../protocols/openai/response-memory.ts";
import { ResponseStore } from "./response-store.ts";

const limits = {
  entries: 100,
  entriesPerTenant: 50,
  bytes: 1e6,
  bytesPerTenant: 1e6,
  seconds: 60,
};
const item = (id: string, text: string) => ({ id, type: "message", role: "user", content: text });
const stored = (id: string, text: string) => ({
  id,
  json: new TextEncoder().encode(JSON.stringify(item(id, text))),
});
const memoryOf = (store: ResponseStore, tenant: string) => openMemory(store.turnsOf(tenant));

function storeWith(changes: Partial<typeof limits> = {}) {
  const clock = { ms: 1_000_000 };
  const store = new ResponseStore(() => clock.ms, { ...limits, ...changes });
  const put = (tenant: string, id: string, text = "", previousId?: string): void => {
    const response = { id, output: [item(`${id}-out`, `answer ${text}`)] };
    store.put({ tenant, response, input: [stored(`${id}-in`, text)], previousId });
  };
  const has = (tenant: string, id: string) => store.response(tenant, id) !== undefined;
  return { store, put, has, clock };
}

test("a tenant's least recently used response is evicted, those of others stay", () => {
  const { put, has } = storeWith({ entriesPerTenant: 2 });
  put("b", "other");
  put("a", "1");
  put("a", "2");
  expect(has("a", "1")).toBe(true);
  put("a", "3");
  expect(["1", "2", "3"].map((id) => has("a", id))).toEqual([true, false, true]);
  expect(has("b", "other")).toBe(true);
});

test("bytes are bounded per tenant and in total; the largest tenant's are evicted", () => {
  const { put, has } = storeWith({ bytesPerTenant: 6000, bytes: 9000 });
  put("small", "s", "x");
  for (const id of ["1", "2", "3", "4"]) put("a", id, "y".repeat(1000));
  expect(has("a", "1")).toBe(false);
  expect(has("a", "4")).toBe(true);
  for (const id of ["1", "2", "3"]) put("b", id, "z".repeat(1000));
  expect(has("small", "s")).toBe(true);
  put("a", "huge", "y".repeat(7000));
  expect(has("a", "huge")).toBe(false);
});

test("a conversation is found completely or not at all", () => {
  const { store, put } = storeWith();
  put("a", "1", "one");
  put("a", "2", "two", "1");
  put("a", "3", "three", "2");
  const said = memoryOf(store, "a").history("3") as { content: string }[];
  const all = ["one", "two", "three"].flatMap((text) => [text, `answer ${text}`]);
  expect(said.map(({ content }) => content)).toEqual(all);
  expect(memoryOf(store, "b").history("3")).toBeUndefined();
  store.remove("a", "2");
  expect(memoryOf(store, "a").history("3")).toBeUndefined();
  expect(memoryOf(store, "a").history("1")).toHaveLength(2);
});

test("items are found by id as long as their response is there", () => {
  const { store, put } = storeWith();
  put("a", "1", "one");
  expect(memoryOf(store, "a").item("1-out")).toMatchObject({ content: "answer one" });
  expect(memoryOf(store, "a").item("1-in")).toMatchObject({ content: "one" });
  expect(memoryOf(store, "b").item("1-out")).toBeUndefined();
  store.remove("a", "1");
  expect(memoryOf(store, "a").item("1-out")).toBeUndefined();
});

test("all is forgotten after its time", () => {
  const { put, has, store, clock } = storeWith();
  put("a", "1");
  clock.ms += 59_999;
  expect(has("a", "1")).toBe(true);
  clock.ms += 1;
  expect(has("a", "1")).toBe(false);
  put("a", "2");
  clock.ms += 60_000;
  put("b", "3"); // whoever comes next clears the rest away
  expect(memoryOf(store, "a").item("2-out")).toBeUndefined();
});
