// Lets the compiler check that the server's responses match the page's own, looser types. The page
// itself imports nothing from the server.

import type { toEndpoints } from "../src/protocols/openai/endpoints.ts";
import type { FileBody } from "../src/protocols/openai/files.ts";
import type { ModelBody } from "../src/protocols/openai/models.ts";
import type { EstimateBody } from "../src/protocols/vireo/estimate.ts";
import type { toDocumentInspection, toVideoInspection } from "../src/protocols/vireo/inspect.ts";
import type {
  DocumentInspection,
  Endpoint,
  Estimate,
  Model,
  UploadedFile,
  VideoInspection,
} from "./src/api/types.ts";

type Fits<Server extends Page, Page> = Server;

export type Checks = [
  Fits<FileBody, UploadedFile>,
  Fits<ModelBody, Model>,
  Fits<ReturnType<typeof toEndpoints>["data"]["endpoints"][number], Endpoint>,
  Fits<EstimateBody, Estimate>,
  Fits<ReturnType<typeof toVideoInspection>, VideoInspection>,
  Fits<ReturnType<typeof toDocumentInspection>, DocumentInspection>,
];
