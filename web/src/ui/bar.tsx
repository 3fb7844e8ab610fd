/** A share (0 to 1) as a bar. It is decoration: the number is shown beside it. */
export function Bar({ share }: { readonly share: number }) {
  const percent = Math.min(100, Math.max(0, share * 100));
  return (
    <svg className="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect className="bar-whole" width="100" height="1" />
      <rect className="bar-part" width={percent} height="1" />
    </svg>
  );
}
