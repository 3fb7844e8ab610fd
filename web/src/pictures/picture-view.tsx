import type { ReactNode } from "react";
import type { Picture } from "../conversation/model.ts";
import { usePictureUrl } from "./picture-urls.ts";

interface PictureViewProps {
  readonly picture: Picture;
  readonly label?: string;
  /** Drawn over the picture, in its pixels. */
  readonly children?: ReactNode;
}

/** A whole picture, turned as the server turns it. */
export function PictureView({ picture, label, children }: PictureViewProps) {
  const url = usePictureUrl(picture);
  if (url === "lost")
    return <p className="picture-lost">{picture.name} is no longer stored in this browser.</p>;
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
