import { useCallback, useSyncExternalStore } from "react";
import type { MediaFile, Picture } from "../conversation/model.ts";
import { blobOf } from "./picture-store.ts";

/** An object URL, shared by all components that show the same picture. */
interface SharedUrl {
  users: number;
  /** "lost": the browser no longer has the bytes. */
  url?: string | "lost";
  readonly listeners: Set<() => void>;
}

const urls = new Map<string, SharedUrl>();

/** Returns the object URL of a picture or file once it is known; revoked after its last use. */
export function usePictureUrl(picture: Picture | MediaFile): string | "lost" | undefined {
  const subscribe = useCallback((listener: () => void) => acquire(picture, listener), [picture]);
  return useSyncExternalStore(subscribe, () => urls.get(picture.id)?.url);
}

/** Returns the function that releases it. */
function acquire(picture: Picture | MediaFile, listener: () => void): () => void {
  const shared = urls.get(picture.id) ?? load(picture);
  shared.users += 1;
  shared.listeners.add(listener);
  return () => {
    shared.users -= 1;
    shared.listeners.delete(listener);
    if (shared.users > 0) return;
    urls.delete(picture.id);
    if (shared.url !== undefined && shared.url !== "lost") URL.revokeObjectURL(shared.url);
  };
}

function load(picture: Picture | MediaFile): SharedUrl {
  const shared: SharedUrl = { users: 0, listeners: new Set() };
  urls.set(picture.id, shared);
  const settle = (url: string): void => {
    shared.url = url;
    for (const listener of shared.listeners) listener();
  };
  blobOf(picture).then(
    (blob) => {
      if (urls.get(picture.id) === shared) settle(URL.createObjectURL(blob));
    },
    () => settle("lost"),
  );
  return shared;
}
