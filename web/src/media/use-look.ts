import { useEffect, useState } from "react";
import { inspectDocument, inspectVideo } from "../api/client.ts";
import { toFailure } from "../api/failure.ts";
import type { PageLook, VideoLook } from "../api/types.ts";
import { dataUrlOf } from "../pictures/picture-store.ts";
import type { Paper, Video } from "../state/conversation.ts";
import { lookBody } from "../state/request.ts";
import { useLookContext } from "./asked.ts";

/** What came, or why nothing came; neither: it is under way. */
export interface Looked<T> {
  readonly look?: T;
  readonly problem?: string;
}

const LOOKS_MOST = 8;
const videos = new Map<string, VideoLook>();

/** What the model is shown of a video, with the sampling that is set. */
export function useVideoLook(video: Video): Looked<VideoLook> {
  const { settings, apiKey } = useLookContext();
  const { model, videoFps, videoFrames } = settings;
  const name = [video.id, model, videoFps, videoFrames].join(" ");
  const [state, setState] = useState<Looked<VideoLook>>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rate changes nothing of a look.
  useEffect(() => {
    const known = videos.get(name);
    setState(known === undefined ? {} : { look: known });
    if (known !== undefined) return;
    return ask(setState, async (signal) => {
      const body = lookBody(video, { ...settings, videoPruning: "" }, await dataUrlOf(video));
      const look = await inspectVideo(body, apiKey, signal);
      remember(videos, name, look, LOOKS_MOST);
      return look;
    });
  }, [name, apiKey]);
  return state;
}

/** Pages that are asked for together. */
const PAGES_AT_ONCE = 4;
const PAGES_MOST = 64;
const pages = new Map<string, PageLook>();

/** A page of a document, drawn by the server. */
export function usePage(paper: Paper, number: number): Looked<PageLook> {
  const { settings, apiKey } = useLookContext();
  const name = `${paper.id} ${number}`;
  const [state, setState] = useState<Looked<PageLook>>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: settings change nothing of a page.
  useEffect(() => {
    const known = pages.get(name);
    setState(known === undefined ? {} : { look: known });
    if (known !== undefined) return;
    return ask(setState, async (signal) => {
      const last = Math.min(number + PAGES_AT_ONCE - 1, paper.pages ?? number);
      const range = `${number}-${last}`;
      const body = lookBody(paper, settings, await dataUrlOf(paper), range);
      const answer = await inspectDocument(body, apiKey, signal);
      for (const page of answer.pages) {
        remember(pages, `${paper.id} ${page.page}`, page, PAGES_MOST);
      }
      const [found] = answer.pages;
      if (found === undefined) throw new Error(`There is no page ${number}.`);
      return found;
    });
  }, [name, apiKey]);
  return state;
}

/** Returns how to give it up. */
function ask<T>(
  setState: (state: Looked<T>) => void,
  work: (signal: AbortSignal) => Promise<T>,
): () => void {
  const controller = new AbortController();
  work(controller.signal).then(
    (look) => controller.signal.aborted || setState({ look }),
    (thrown: unknown) => {
      if (!controller.signal.aborted) setState({ problem: toFailure(thrown).message });
    },
  );
  return () => controller.abort();
}

function remember<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  map.set(name, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
