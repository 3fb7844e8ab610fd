import type { ReactNode } from "react";
import { Icon } from "./icon.tsx";

/** A page beside the chat, with the way back to it. */
export function SidePage({ children }: { readonly children: ReactNode }) {
  return (
    <div className="model-page">
      <p className="back">
        <a className="quiet-button" href="#/">
          <Icon name="chevron" />
          Back to the chat
        </a>
      </p>
      {children}
    </div>
  );
}
