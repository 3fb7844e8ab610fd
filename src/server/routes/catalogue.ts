import { z } from "zod";
import { callBody } from "../../protocols/ai-gateway/schema.ts";
import { countBody, messagesBody } from "../../protocols/anthropic/schema.ts";
import { chatBody } from "../../protocols/openai/chat-schema.ts";
import { completionBody } from "../../protocols/openai/completions.ts";
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
} from "../../protocols/openai/files.ts";
import { estimateBody } from "../../protocols/vireo/estimate.ts";
import { extractAnswer, extractBody } from "../../protocols/vireo/extract.ts";
import { documentInspectionAnswer, videoInspectionAnswer } from "../../protocols/vireo/inspect.ts";
import {
  detokenizeAnswer,
  detokenizeBody,
  tokenizeAnswer,
  tokenizeBody,
} from "../../protocols/vireo/tokenize.ts";
import type { RouteOptions } from "../context.ts";
import type { Metrics } from "../metrics.ts";
import { metadata, release, version } from "./about.ts";
import { chatCompletions } from "./chat-completions.ts";
import { completions } from "./completions.ts";
import { estimate } from "./estimate.ts";
import { extractDocument } from "./extract.ts";
import { createFile, deleteFile, fileContent, getFile, listFiles } from "./files.ts";
import { live, ready } from "./health.ts";
import { chatTokens } from "./input-tokens.ts";
import { inspectDocument, inspectVideo } from "./inspect.ts";
import { key } from "./key.ts";
import { gatewayConfig, languageModel } from "./language-model.ts";
import { messages, messageTokens } from "./messages.ts";
import { metrics } from "./metrics.ts";
import { getModel, listModels, modelEndpoints } from "./models.ts";
import { responseRoutes } from "./response-routes.ts";
import type { Route } from "./route.ts";
import { detokenize, tokenize } from "./tokenize.ts";
import { addPart, cancelUpload, completeUpload, createUpload } from "./uploads.ts";

const inputTokens = z.object({ input_tokens: z.int() });
const health = z.object({ object: z.literal("health.response"), message: z.string() });

/** All routes but those of the pages for people. */
export function routesOf(
  options: RouteOptions,
  counted: Metrics,
  programVersion: string,
): readonly Route[] {
  return [
    ...openaiRoutes(options),
    ...responseRoutes(options),
    ...anthropicRoutes(options),
    ...gatewayRoutes(options),
    ...modelRoutes(options),
    ...inspectRoutes(options),
    ...fileRoutes(options),
    ...uploadRoutes(options),
    extractRoute(options),
    ...healthRoutes(options),
    ...aboutRoutes(options, counted, programVersion),
  ];
}

function openaiRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "OpenAI" } as const;
  return [
    {
      ...post,
      path: "/v1/chat/completions",
      summary: "Answers a conversation",
      body: chatBody,
      generates: true,
      handler: chatCompletions(options),
    },
    {
      ...post,
      path: "/v1/chat/completions/input_tokens",
      summary: "Counts the tokens of a conversation",
      body: chatBody,
      answer: inputTokens,
      handler: chatTokens(options),
    },
    {
      ...post,
      path: "/v1/completions",
      summary: "Goes on with a text",
      body: completionBody,
      generates: true,
      handler: completions(options),
    },
  ];
}

function anthropicRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Anthropic", errors: "anthropic" } as const;
  return [
    {
      ...post,
      path: "/v1/messages",
      summary: "Answers a conversation, in blocks",
      body: messagesBody,
      generates: true,
      handler: messages(options),
    },
    {
      ...post,
      path: "/v1/messages/count_tokens",
      summary: "Counts the tokens of a conversation",
      body: countBody,
      answer: inputTokens,
      handler: messageTokens(options),
    },
  ];
}

function gatewayRoutes(options: RouteOptions): Route[] {
  return ["/v1/ai", "/v3/ai", "/v4/ai"].flatMap((base): Route[] => [
    {
      method: "POST",
      path: `${base}/language-model`,
      tag: "AI SDK gateway",
      summary: "Answers a call of the AI SDK",
      headers: {
        "ai-language-model-id": "name of the model",
        "ai-language-model-streaming": "true or false",
        "ai-language-model-specification-version": "3 or 4",
      },
      body: callBody,
      generates: true,
      errors: "gateway",
      handler: languageModel(options),
    },
    {
      method: "GET",
      path: `${base}/config`,
      tag: "AI SDK gateway",
      summary: "Lists models with prices",
      errors: "gateway",
      handler: gatewayConfig(options),
    },
  ]);
}

function modelRoutes(options: RouteOptions): Route[] {
  const get = { method: "GET", tag: "Models" } as const;
  const post = { method: "POST", tag: "Tokens" } as const;
  return [
    { ...get, path: "/v1/models", summary: "Lists models", handler: listModels(options) },
    {
      ...get,
      path: "/v1/models/:id{.*?}/endpoints",
      summary: "Who answers for a model",
      handler: modelEndpoints(options),
    },
    { ...get, path: "/v1/models/:id{.+}", summary: "One model", handler: getModel(options) },
    {
      ...post,
      path: "/v1/estimate",
      summary: "Tokens and cost of a conversation, by parts",
      body: estimateBody,
      handler: estimate(options),
    },
    {
      ...post,
      path: "/tokenize",
      summary: "Makes tokens of a text",
      body: tokenizeBody,
      answer: tokenizeAnswer,
      handler: tokenize(options),
    },
    {
      ...post,
      path: "/detokenize",
      summary: "Makes a text of tokens",
      body: detokenizeBody,
      answer: detokenizeAnswer,
      handler: detokenize(options),
    },
  ];
}

function inspectRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Inspection", body: chatBody } as const;
  return [
    {
      ...post,
      path: "/v1/inspect/video",
      summary: "Frames that the model is shown of a video, and which tokens EVS keeps at any rate",
      answer: videoInspectionAnswer,
      handler: inspectVideo(options),
    },
    {
      ...post,
      path: "/v1/inspect/document",
      summary: "Pages of a document as pictures, with the words that the file says are on them",
      answer: documentInspectionAnswer,
      handler: inspectDocument(options),
    },
  ];
}

function fileRoutes(options: RouteOptions): Route[] {
  const one = { path: "/v1/files/:id", tag: "Files" } as const;
  return [
    {
      method: "POST",
      path: "/v1/files",
      tag: "Files",
      summary: "Keeps a file for requests to name",
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
      summary: "One file",
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
      summary: "What a file holds",
      type: "application/octet-stream",
      handler: fileContent(options),
    },
  ];
}

function extractRoute(options: RouteOptions): Route {
  return {
    method: "POST",
    path: "/v1/extract",
    tag: "Documents",
    summary: "Makes data of a document by a JSON Schema, page by page",
    body: extractBody,
    answer: extractAnswer,
    generates: true,
    handler: extractDocument(options),
  };
}

function uploadRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Files", answer: uploadAnswer } as const;
  return [
    {
      ...post,
      path: "/v1/uploads",
      summary: "Begins a file that comes in parts",
      body: uploadBody,
      handler: createUpload(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/parts",
      summary: "Takes a part of a file",
      form: partForm,
      answer: partAnswer,
      handler: addPart(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/complete",
      summary: "Makes a file of its parts",
      body: completeBody,
      handler: completeUpload(options),
    },
    {
      ...post,
      path: "/v1/uploads/:id/cancel",
      summary: "Gives up a file that comes in parts",
      handler: cancelUpload(options),
    },
  ];
}

function healthRoutes(options: RouteOptions): Route[] {
  const get = { method: "GET", tag: "Health", answer: health, open: true } as const;
  const alive = ["/health/live", "/v1/health/live", "/livez"];
  const able = ["/health", "/health/ready", "/v1/health/ready", "/readyz"];
  return [
    ...alive.map((path): Route => {
      return { ...get, path, summary: "Whether the process answers", handler: live };
    }),
    ...able.map((path): Route => {
      return { ...get, path, summary: "Whether the model answers", handler: ready(options) };
    }),
  ];
}

function aboutRoutes(options: RouteOptions, counted: Metrics, programVersion: string): Route[] {
  const get = { method: "GET", tag: "About" } as const;
  const numbers = {
    ...get,
    summary: "Counters for Prometheus",
    type: "text/plain",
    handler: metrics(counted),
  };
  return [
    {
      ...get,
      path: "/v1/key",
      summary: "What the calling key may, and what it did",
      handler: key(options),
    },
    {
      ...get,
      path: "/version",
      summary: "Version of the program",
      answer: z.object({ version: z.string() }),
      handler: version(programVersion),
    },
    {
      ...get,
      path: "/v1/version",
      summary: "Version of the program and of its API",
      answer: z.object({ release: z.string(), api: z.string() }),
      handler: release(programVersion),
    },
    {
      ...get,
      path: "/v1/metadata",
      summary: "What runs here",
      handler: metadata(options, programVersion),
    },
    { ...numbers, path: "/metrics" },
    { ...numbers, path: "/v1/metrics" },
  ];
}
