import { expect, test } from "vitest";
import { addedBlobs, blobOf, releaseBlobs, storeBlob } from "./picture-store.ts";

test("bytes of an attachment are held until they are saved or removed", async () => {
  const picture = (id: string) => {
    return { id, name: "a.png", type: "image/png", width: 1, height: 1, sizeBytes: 3 };
  };
  const blob = new Blob(["one"], { type: "image/png" });
  const [kept, released] = [picture(storeBlob(blob)), picture(storeBlob(blob))];
  expect(addedBlobs([kept, released])).toHaveLength(2);
  releaseBlobs([released]);
  expect(addedBlobs([kept, released])).toEqual([{ id: kept.id, blob }]);
  expect(await blobOf(kept)).toBe(blob);
  await expect(blobOf(released)).rejects.toThrow("a.png is no longer stored in this browser.");
});
