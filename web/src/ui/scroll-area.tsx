import type { ReactNode } from "react";

/** A wide element that scrolls sideways, also by keyboard. */
export function ScrollArea(props: { readonly label: string; readonly children: ReactNode }) {
  const { label, children } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="scroll-x" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
