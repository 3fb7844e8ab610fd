import { chatBody } from "../../../protocols/openai/chat-schema.ts";
import { extractAnswer, extractBody } from "../../../protocols/vireo/extract.ts";
import {
  documentInspectionAnswer,
  videoInspectionAnswer,
} from "../../../protocols/vireo/inspect.ts";
import type { RouteOptions } from "../../context.ts";
import { extractDocument } from "../extract.ts";
import { inspectDocument, inspectVideo } from "../inspect.ts";
import type { Route } from "../route.ts";

/** Routes that show how the model sees a file. */
export function inspectRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Inspection", body: chatBody } as const;
  return [
    {
      ...post,
      path: "/v1/inspect/video",
      summary: "Frames that the model sees of a video, and the tokens that EVS keeps at each rate",
      answer: videoInspectionAnswer,
      handler: inspectVideo(options),
    },
    {
      ...post,
      path: "/v1/inspect/document",
      summary: "Pages of a document as pictures, with the words of its text layer",
      answer: documentInspectionAnswer,
      handler: inspectDocument(options),
    },
  ];
}

/** Extraction of data from documents. */
export function extractRoute(options: RouteOptions): Route {
  return {
    method: "POST",
    path: "/v1/extract",
    tag: "Documents",
    summary: "Extracts data from a document by a JSON Schema, page by page",
    body: extractBody,
    answer: extractAnswer,
    generates: true,
    handler: extractDocument(options),
  };
}
