import { createHash } from "node:crypto";
import type { DocumentPart } from "../core/chat.ts";
import { LIMITS } from "../core/limits.ts";
import { openDocument, type PageSize } from "../media/document.ts";
import { Gate } from "./gate.ts";
import type { ImageStore, OpenedImage, PlannedImage } from "./images.ts";

export interface PlannedPage extends PlannedImage {
  /** Counts the file's pages from 1. */
  readonly number: number;
}

/** Pages of a document that were asked for, and what they cost; nothing is drawn yet. */
export interface PlannedDocument {
  /** Pages of the file. */
  readonly total: number;
  readonly pages: readonly PlannedPage[];
}

export interface OpenedDocument extends PlannedDocument {
  readonly images: readonly OpenedImage[];
}

export interface DocumentOptions {
  readonly tilesMax: number;
  /** Hears what the pages cost before any is drawn, and may throw. */
  readonly onPlan: (plan: PlannedDocument) => void;
  readonly signal: AbortSignal;
}

const PLANS_REMEMBERED = 64;

interface Layout {
  readonly total: number;
  readonly pages: readonly PageSize[];
}

/** Makes images of documents' pages, one page at a time; a second showing costs nothing. */
export class DocumentStore {
  private readonly images: ImageStore;
  private readonly gate = new Gate(LIMITS.documentsOpen);
  private readonly layouts = new Map<string, Layout>();

  constructor(images: ImageStore) {
    this.images = images;
  }

  /** Throws what openDocument and onPlan throw, and the signal's reason. */
  async plan(part: DocumentPart, options: DocumentOptions): Promise<PlannedDocument> {
    return await this.gate.pass(async () => {
      options.signal.throwIfAborted();
      const key = keyOf(part);
      const known = this.layouts.get(key);
      if (known) return this.planned(known, options);
      const document = await openDocument(part.bytes, part, options.signal);
      await document.close();
      this.remember(key, document);
      return this.planned(document, options);
    });
  }

  /** The same, and draws the pages. */
  async open(part: DocumentPart, options: DocumentOptions): Promise<OpenedDocument> {
    const { tilesMax, signal } = options;
    const key = keyOf(part);
    const keyOfPage = ({ number }: PageSize) => `${key} page ${number} ${tilesMax}`;
    return await this.gate.pass(async () => {
      signal.throwIfAborted();
      const known = this.layouts.get(key);
      const drawn = known?.pages.map((page) => this.images.find(keyOfPage(page)));
      if (known && drawn?.every((image) => image !== undefined)) {
        return { ...this.planned(known, options), images: drawn };
      }
      const document = await openDocument(part.bytes, part, signal);
      try {
        this.remember(key, document);
        const plan = this.planned(document, options);
        const images: OpenedImage[] = [];
        for (const page of document.pages) {
          signal.throwIfAborted();
          const draw = () => document.render(page);
          images.push(await this.images.openAs(keyOfPage(page), tilesMax, draw));
        }
        return { ...plan, images };
      } finally {
        await document.close();
      }
    });
  }

  private planned({ total, pages }: Layout, options: DocumentOptions): PlannedDocument {
    const plan = {
      total,
      pages: pages.map(({ number, width, height }) => {
        return { number, ...this.images.plan(width, height, options.tilesMax) };
      }),
    };
    options.onPlan(plan);
    return plan;
  }

  private remember(key: string, { total, pages }: Layout): void {
    this.layouts.set(key, { total, pages });
    for (const oldest of this.layouts.keys()) {
      if (this.layouts.size <= PLANS_REMEMBERED) break;
      this.layouts.delete(oldest);
    }
  }
}

function keyOf({ bytes, pages = "", dpi }: DocumentPart): string {
  return `document ${createHash("sha256").update(bytes).digest("hex")} ${dpi ?? ""} ${pages}`;
}
