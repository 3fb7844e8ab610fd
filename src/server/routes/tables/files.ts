import {
  completeBody,
  deletedAnswer,
  fileAnswer,
  fileForm,
  fileListAnswer,
  listQuery,
  partAnswer,
  partForm,
  uploadAnswer,
  uploadBody,
} from "../../../protocols/openai/files.ts";
import type { RouteOptions } from "../../context.ts";
import { createFile, deleteFile, fileContent, getFile, listFiles } from "../files.ts";
import type { Route } from "../route.ts";
import { addPart, cancelUpload, completeUpload, createUpload } from "../uploads.ts";

/** Stored files. */
export function fileRoutes(options: RouteOptions): Route[] {
  const one = { path: "/v1/files/:id", tag: "Files" } as const;
  return [
    {
      method: "POST",
      path: "/v1/files",
      tag: "Files",
      summary: "Stores a file",
      form: fileForm,
      answer: fileAnswer,
      handler: createFile(options),
    },
    {
      method: "GET",
      path: "/v1/files",
      tag: "Files",
      summary: "Lists files",
      query: listQuery,
      answer: fileListAnswer,
      handler: listFiles(options),
    },
    {
      ...one,
      method: "GET",
      summary: "Describes a file",
      answer: fileAnswer,
      handler: getFile(options),
    },
    {
      ...one,
      method: "DELETE",
      summary: "Deletes a file",
      answer: deletedAnswer,
      handler: deleteFile(options),
    },
    {
      method: "GET",
      path: "/v1/files/:id/content",
      tag: "Files",
      summary: "Returns the content of a file",
      type: "application/octet-stream",
      handler: fileContent(options),
    },
  ];
}

/** Uploads in parts. */
export function uploadRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Files", answer: uploadAnswer } as const;
  return [
    {
      ...post,
      path: "/v1/uploads",
      summary: "Starts an upload in parts",
      body: uploadBody,
      handler: createUpload(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/parts",
      summary: "Adds a part to an upload",
      form: partForm,
      answer: partAnswer,
      handler: addPart(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/complete",
      summary: "Completes an upload",
      body: completeBody,
      handler: completeUpload(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/cancel",
      summary: "Cancels an upload",
      handler: cancelUpload(options),
    },
  ];
}
