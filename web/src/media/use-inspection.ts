import { inspectDocument, inspectVideo } from "../api/client.ts";
import type { PageInspection, VideoInspection } from "../api/types.ts";
import type { DocumentFile, Video } from "../conversation/model.ts";
import { dataUrlOf } from "../pictures/picture-store.ts";
import { useServer, useSettings } from "../state/contexts.ts";
import { inspectionBody } from "../state/request.ts";
import { Cache } from "../storage/cache.ts";
import { type Async, useAsync } from "../ui/use-async.ts";

const videos = new Cache<VideoInspection>(8);

/** Returns the frames of a video that the model sees, with the sampling of the settings. */
export function useVideoInspection(video: Video): Async<VideoInspection> {
  const { settings } = useSettings();
  const { apiKey } = useServer();
  const { model, videoFps, videoFrames } = settings;
  const key = [video.id, model, videoFps, videoFrames].join(" ");
  const load = async (signal: AbortSignal): Promise<VideoInspection> => {
    // The rate is not sent, because one inspection holds for every rate.
    const url = await dataUrlOf(video);
    const body = inspectionBody(video, { ...settings, videoPruning: "" }, url);
    const inspection = await inspectVideo(body, apiKey, signal);
    videos.set(key, inspection);
    return inspection;
  };
  return useAsync(key, load, { cached: (name) => videos.get(name) });
}

/** Pages per request. */
const PAGES_PER_REQUEST = 4;
const pages = new Cache<PageInspection>(64);

/** A page of a document, rendered by the server. number: counts from 1. */
export function usePageInspection(file: DocumentFile, number: number): Async<PageInspection> {
  const { settings } = useSettings();
  const { apiKey } = useServer();
  const load = async (signal: AbortSignal): Promise<PageInspection> => {
    const last = Math.min(number + PAGES_PER_REQUEST - 1, file.pages ?? number);
    const body = inspectionBody(file, settings, await dataUrlOf(file), `${number}-${last}`);
    const answer = await inspectDocument(body, apiKey, signal);
    for (const page of answer.pages) pages.set(`${file.id} ${page.page}`, page);
    const [found] = answer.pages;
    if (found === undefined) throw new Error(`There is no page ${number}.`);
    return found;
  };
  return useAsync(`${file.id} ${number}`, load, { cached: (name) => pages.get(name) });
}
