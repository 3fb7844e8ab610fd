import { useCallback, useEffect, useState } from "react";
import type { Model } from "../api/types.ts";
import { type MediaFile, type Picture, storedOf } from "../conversation/model.ts";
import { missingAbility } from "../media/abilities.ts";
import { addFile, MAX_REQUEST_FILE_BYTES } from "../media/add-file.ts";
import { kindOf } from "../media/kinds.ts";
import type { Session } from "../state/session.ts";

const MAX_PICTURES = 64;

export interface Files {
  readonly add: (files: readonly File[]) => void;
  /** The name of the file that is being opened; the server may have to inspect it. */
  readonly opening: string | undefined;
  /** Whether files are being dragged over the page. */
  readonly dropping: boolean;
}

/** Handles files from drag and drop, from the clipboard and from the file button. */
export function useFiles(
  session: Session,
  onNotice: (text: string) => void,
  model: Model | undefined,
): Files {
  const [dropping, setDropping] = useState(false);
  const [opening, setOpening] = useState<string>();
  const add = useCallback(
    (files: readonly File[]) => {
      const onOpening = (name: string | undefined): void => setOpening(name);
      void addAll(session, files, { model, onNotice, onOpening });
    },
    [session, model, onNotice],
  );
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => {
      return event.dataTransfer?.types.includes("Files") === true;
    };
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDropping(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setDropping(false);
    };
    const drop = (event: DragEvent): void => {
      setDropping(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      add([...(event.dataTransfer?.files ?? [])]);
    };
    const paste = (event: ClipboardEvent): void => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      add(files);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
    };
  }, [add]);
  return { add, opening, dropping };
}

interface Adding {
  readonly model: Model | undefined;
  readonly onNotice: (text: string) => void;
  readonly onOpening: (name: string | undefined) => void;
}

async function addAll(session: Session, files: readonly File[], adding: Adding): Promise<void> {
  const { model, onNotice, onOpening } = adding;
  for (const file of files) {
    if (session.getState().draft.pictures.length >= MAX_PICTURES) {
      onNotice(`At most ${MAX_PICTURES} pictures go into one request.`);
      return;
    }
    const missing = missingAbility(model, kindOf(file.name, file.type));
    if (missing !== undefined) {
      onNotice(`${file.name} cannot be read. ${missing}`);
      continue;
    }
    onOpening(file.name);
    try {
      add(session, file.name, await addFile(file, () => session.requestContext()), onNotice);
    } catch (thrown) {
      onNotice(thrown instanceof Error ? thrown.message : `${file.name} cannot be read.`);
    } finally {
      onOpening(undefined);
    }
  }
}

function add(
  session: Session,
  name: string,
  added: Picture | MediaFile,
  onNotice: (text: string) => void,
): void {
  const { conversation, draft } = session.getState();
  const present = [...storedOf(conversation.messages), ...draft.pictures, ...draft.files];
  const bytes = present.reduce((sum, { sizeBytes }) => sum + sizeBytes, added.sizeBytes);
  if (bytes > MAX_REQUEST_FILE_BYTES) {
    onNotice(`With ${name} this chat is too large for one request. Start a new one.`);
  } else if ("kind" in added) session.attachFile(added);
  else session.attach([added]);
}
