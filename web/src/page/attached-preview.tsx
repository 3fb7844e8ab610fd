import type { PictureEstimate } from "../api/types.ts";
import { PictureView } from "../pictures/picture-view.tsx";
import { TileGrid } from "../pictures/tile-grid.tsx";
import type { Draft } from "../state/reducer.ts";

interface PreviewProps {
  readonly draft: Draft;
  /** One for each picture, once they are known. */
  readonly images: readonly PictureEstimate[] | undefined;
}

/**
 * Shows the attachments of a first question in full size, pictures with their tiles. Screen readers
 * skip it because it repeats the composer's tray.
 */
export function AttachedPreview({ draft: { pictures, files }, images }: PreviewProps) {
  const posters = files.flatMap(({ poster }) => poster ?? []);
  return (
    <section className="attached-preview" aria-label="Attached">
      <h1 className="hidden">New chat</h1>
      <div className="attached-pictures" aria-hidden="true">
        {pictures.map((picture, at) => (
          <PictureView key={picture.id} picture={picture}>
            {images?.[at] === undefined ? undefined : (
              <TileGrid picture={picture} tiles={images[at].tiles} />
            )}
          </PictureView>
        ))}
        {posters.map((poster) => (
          <PictureView key={poster.id} picture={poster} />
        ))}
      </div>
    </section>
  );
}
