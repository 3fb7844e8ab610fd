import { useState } from "react";
import type { MediaFile } from "../conversation/model.ts";
import { PictureView } from "../pictures/picture-view.tsx";
import { Icon } from "../ui/icon.tsx";
import { clock, counted } from "../ui/numbers.ts";
import { PageDialog } from "./page-dialog.tsx";
import { VideoDialog } from "./video-dialog.tsx";

/** Shows the first frame or page of a file; a click opens a dialog with the whole file. */
export function FileButton({ file }: { readonly file: MediaFile }) {
  const [open, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  const isVideo = file.kind === "video";
  return (
    <>
      <button type="button" className="picture-button file-button" onClick={() => setOpen(true)}>
        <span className="hidden">
          {isVideo ? "Look into" : "Read"} {file.poster === undefined ? "" : `${file.name}, `}
        </span>
        {file.poster === undefined ? (
          <span className="file-blank">
            <Icon name={isVideo ? "film" : "page"} />
            {file.name}
          </span>
        ) : (
          <PictureView picture={file.poster} label="" />
        )}
        <span className="file-mark">
          <Icon name={isVideo ? "play" : "page"} />
          {lengthText(file)}
        </span>
      </button>
      {open && file.kind === "video" ? <VideoDialog video={file} onClose={close} /> : null}
      {open && file.kind === "document" ? <PageDialog file={file} onClose={close} /> : null}
    </>
  );
}

/** Returns "0:07" or "3 pages", or the kind of the file while its length is unknown. */
export function lengthText(file: MediaFile): string {
  if (file.kind === "video") return file.seconds === undefined ? "Video" : clock(file.seconds);
  return file.pages === undefined ? "Document" : counted(file.pages, "page");
}
