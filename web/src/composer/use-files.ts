import { useCallback, useEffect, useState } from "react";
import { addPicture } from "../pictures/picture-store.ts";
import type { Session } from "../state/session.ts";

const PICTURES_MOST = 64;

export interface Files {
  readonly add: (files: readonly File[]) => void;
  /** Files are being held over the page. */
  readonly dropping: boolean;
}

/** Pictures from drag and drop, from the clipboard and from the file button. */
export function useFiles(session: Session, onNotice: (text: string) => void): Files {
  const [dropping, setDropping] = useState(false);
  const add = useCallback(
    (files: readonly File[]) => void addAll(session, files, onNotice),
    [session, onNotice],
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
  return { add, dropping };
}

async function addAll(
  session: Session,
  files: readonly File[],
  onNotice: (text: string) => void,
): Promise<void> {
  for (const file of files) {
    if (session.getState().draft.pictures.length >= PICTURES_MOST) {
      onNotice(`At most ${PICTURES_MOST} pictures go into one request.`);
      return;
    }
    try {
      session.attach([await addPicture(file)]);
    } catch (thrown) {
      onNotice(thrown instanceof Error ? thrown.message : `${file.name} cannot be read.`);
    }
  }
}
