import type { PictureEstimate } from "../api/types.ts";
import { PictureButton } from "../pictures/picture-button.tsx";
import { sizeText, tileText } from "../pictures/tile-grid.tsx";
import type { Picture } from "../state/conversation.ts";
import { Icon } from "../ui/icon.tsx";

interface PictureTrayProps {
  readonly pictures: readonly Picture[];
  /** One for each picture, once they are known. */
  readonly estimates: readonly (PictureEstimate | undefined)[];
  readonly onRemove: (id: string) => void;
}

/** The pictures that go with the next question, cut into tiles as the model will see them. */
export function PictureTray({ pictures, estimates, onRemove }: PictureTrayProps) {
  if (pictures.length === 0) return null;
  return (
    <ul className="picture-tray" aria-label="Pictures to send">
      {pictures.map((picture, at) => {
        const estimate = estimates[at];
        return (
          <li key={picture.id}>
            <div className="picture-frame">
              <PictureButton picture={picture} estimate={estimate} />
              <button
                type="button"
                className="picture-remove"
                aria-label={`Leave out ${picture.name}`}
                title="Leave it out"
                onClick={() => onRemove(picture.id)}
              >
                <Icon name="close" />
              </button>
            </div>
            <div className="picture-caption">
              <strong title={picture.name}>{picture.name}</strong>
              <span>{estimate === undefined ? sizeText(picture) : tileText(estimate)}</span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
