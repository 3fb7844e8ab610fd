import { expect, test } from "vitest";
import { Places } from "./places.ts";

test("a tenant takes half of the places alone, and leaves room for others", () => {
  const places = new Places(12, () => 7300);
  const taken = Array.from({ length: 6 }, () => places.take("a"));
  expect(() => places.take("a")).toThrow(
    expect.objectContaining({
      code: "queue_full",
      message: expect.stringMatching(/^6 of your requests are waiting.*about 8 s$/),
      retryAfterMs: 7300,
      metadata: { waiting: 6, places: 12 },
    }),
  );
  for (let i = 0; i < 3; i++) places.take("b");
  expect(() => places.take("b")).toThrow("3 of your requests");
  places.take("c");
  taken[0]!.leave();
  taken[0]!.leave();
  taken[1]!.leave();
  expect(() => places.take("a")).toThrow("4 of your requests");
  for (const place of taken) place.leave();
  expect(() => places.take("a")).not.toThrow();
});
