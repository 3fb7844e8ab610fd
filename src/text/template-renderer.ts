import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { compiledModule } from "../core/compiled-module.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
import { LIMITS } from "../core/limits.ts";
import { WorkerLane } from "../threads/worker-lane.ts";
import type { RenderedPrompt, RenderOptions } from "./template.ts";
import type { RenderCommand, TemplateWorkerData } from "./template-worker.ts";

/** Renders conversations in one worker thread, in turns by tenant. */
export class TemplateRenderer {
  private readonly lane: WorkerLane<RenderCommand, string>;

  constructor(data: TemplateWorkerData) {
    this.lane = new WorkerLane({
      module: compiledModule(import.meta.url, "text/template-worker"),
      data,
      maxMemoryBytes: LIMITS.template.workerBytes,
      maxWaitingCost: LIMITS.template.waitingCharacters,
      things: "long conversations",
      unit: "characters",
      param: "messages",
    });
  }

  /**
   * Renders with the template number `source`.
   *
   * Throws what `ChatTemplate.render` and `WorkerLane.run` throw.
   */
  async render(
    source: number,
    conversation: readonly ChatMessage[],
    options: RenderOptions,
    turn: QueuedTurn,
  ): Promise<RenderedPrompt> {
    const messages = JSON.stringify(conversation.map(withoutBytes));
    const command = { source, messages, options };
    const output = await this.lane.run(command, { ...turn, cost: messages.length });
    return JSON.parse(output) as RenderedPrompt;
  }

  /** Fails all conversations with `reason`. Resolves when the worker has ended. */
  async close(reason: Error): Promise<void> {
    await this.lane.close(reason);
  }
}

/** Most messages are text alone; they stay the same object. */
function withoutBytes(message: ChatMessage): ChatMessage {
  const { content } = message;
  if (typeof content === "string" || content.every(({ type }) => type === "text")) return message;
  return { ...message, content: content.map(partWithoutBytes) };
}

function partWithoutBytes(part: ContentPart): ContentPart {
  return part.type === "text" ? part : { type: part.type, bytes: NO_BYTES };
}

const NO_BYTES = new Uint8Array(0);
