import { useEffect, useState } from "react";
import type { Picture } from "../state/conversation.ts";
import { blobUrlOf } from "./picture-store.ts";

/** The address of a picture; "lost": the browser no longer has it. Undefined until it is known. */
export function usePicture(picture: Picture): string | "lost" | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let current = true;
    blobUrlOf(picture).then(
      (found) => current && setUrl(found),
      () => current && setUrl("lost"),
    );
    return () => {
      current = false;
    };
  }, [picture]);
  return url;
}
