import { useState } from "react";
import type { PictureEstimate } from "../api/types.ts";
import type { Picture } from "../conversation/model.ts";
import { Dialog } from "../ui/dialog.tsx";
import { PictureView } from "./picture-view.tsx";
import { sizeText, TileGrid, tileText } from "./tile-grid.tsx";

interface PictureButtonProps {
  readonly picture: Picture;
  /** Draws the grid of tiles over it, once it is known. */
  readonly estimate?: PictureEstimate | undefined;
}

/** A small picture that opens large. */
export function PictureButton({ picture, estimate }: PictureButtonProps) {
  const [open, setOpen] = useState(false);
  const grid =
    estimate === undefined ? undefined : <TileGrid picture={picture} tiles={estimate.tiles} />;
  return (
    <>
      <button
        type="button"
        className="picture-button"
        aria-label={`Enlarge ${picture.name}`}
        onClick={() => setOpen(true)}
      >
        <PictureView picture={picture} label="">
          {grid}
        </PictureView>
      </button>
      {open ? (
        <Dialog title={picture.name} className="picture-dialog" onClose={() => setOpen(false)}>
          <PictureView picture={picture}>{grid}</PictureView>
          <p className="note">
            {sizeText(picture)} pixels
            {estimate === undefined ? null : ` · ${tileText(estimate)}`}
          </p>
        </Dialog>
      ) : null}
    </>
  );
}
