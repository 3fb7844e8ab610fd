import { useEffect, useState } from "react";
import type { MediaFile, Picture } from "../state/conversation.ts";
import { blobUrlOf } from "./picture-store.ts";

/** The address of a picture or file, once it is known; "lost": the browser no longer has it. */
export function usePicture(picture: Picture | MediaFile): string | "lost" | undefined {
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
