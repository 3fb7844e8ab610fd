import type { ReactNode } from "react";
import type { Picture } from "../state/conversation.ts";
import { usePicture } from "./use-picture.ts";

interface PictureViewProps {
  readonly picture: Picture;
  readonly label?: string;
  /** Drawn over the picture, in its pixels. */
  readonly children?: ReactNode;
}

/** A picture as the model sees it: stored pixels, whole. */
export function PictureView({ picture, label, children }: PictureViewProps) {
  const url = usePicture(picture);
  if (url === "lost") return <p className="picture-lost">{picture.name} is no longer kept.</p>;
  return (
    <span className="picture">
      <img
        src={url}
        alt={label ?? picture.name}
        width={picture.width}
        height={picture.height}
        decoding="async"
      />
      {children === undefined ? null : (
        <svg
          className="over-picture"
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {children}
        </svg>
      )}
    </span>
  );
}
