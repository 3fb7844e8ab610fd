import type { PictureEstimate } from "../api/types.ts";
import type { MediaFile, Picture } from "../conversation/model.ts";
import { FileButton, lengthText } from "../media/file-button.tsx";
import { PictureButton } from "../pictures/picture-button.tsx";
import { sizeText, tileText } from "../pictures/tile-grid.tsx";
import { Icon } from "../ui/icon.tsx";
import { counted } from "../ui/numbers.ts";

interface AttachmentTrayProps {
  readonly pictures: readonly Picture[];
  /** One for each picture, once they are known. */
  readonly estimates: readonly (PictureEstimate | undefined)[];
  readonly files: readonly MediaFile[];
  /** Tokens of each file, once they are known. */
  readonly fileEstimates: readonly (number | undefined)[];
  readonly onRemove: (id: string) => void;
}

/** The attachments of the next question; pictures show the tiles that the model will see. */
export function AttachmentTray(props: AttachmentTrayProps) {
  const { pictures, estimates, files, fileEstimates, onRemove } = props;
  if (pictures.length + files.length === 0) return null;
  return (
    <ul className="attachment-tray" aria-label="Pictures and files to send">
      {pictures.map((picture, at) => {
        const estimate = estimates[at];
        return (
          <li key={picture.id}>
            <div className="picture-frame">
              <PictureButton picture={picture} estimate={estimate} />
              <RemoveButton name={picture.name} onRemove={() => onRemove(picture.id)} />
            </div>
            <div className="picture-caption">
              <strong title={picture.name}>{picture.name}</strong>
              <span>{estimate === undefined ? sizeText(picture) : tileText(estimate)}</span>
            </div>
          </li>
        );
      })}
      {files.map((file, at) => (
        <li key={file.id}>
          <div className="picture-frame">
            <FileButton file={file} />
            <RemoveButton name={file.name} onRemove={() => onRemove(file.id)} />
          </div>
          <div className="picture-caption">
            <strong title={file.name}>{file.name}</strong>
            <span>{fileText(file, fileEstimates[at])}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function fileText(file: MediaFile, tokens: number | undefined): string {
  return tokens === undefined
    ? lengthText(file)
    : `${lengthText(file)} · ${counted(tokens, "token")}`;
}

interface RemoveProps {
  readonly name: string;
  readonly onRemove: () => void;
}

function RemoveButton({ name, onRemove }: RemoveProps) {
  return (
    <button
      type="button"
      className="picture-remove"
      aria-label={`Leave out ${name}`}
      title="Leave it out"
      onClick={onRemove}
    >
      <Icon name="close" />
    </button>
  );
}
