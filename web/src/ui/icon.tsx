/** Lines on a 24 × 24 grid. */
const PATHS = {
  alert: [
    "M12 8.5v4.5m0 3.2v.05",
    "M10.3 4 2.8 17a2 2 0 0 0 1.7 3h15a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0z",
  ],
  arrowDown: ["M12 5v14m-6-6 6 6 6-6"],
  arrowUp: ["M12 19V5m-6 6 6-6 6 6"],
  auto: ["M12 3.5a8.5 8.5 0 1 0 0 17zm0 0a8.5 8.5 0 0 1 0 17"],
  back: ["m15 6-6 6 6 6"],
  check: ["m5 12.5 4.5 4.5L19 7.5"],
  chevron: ["m9 6 6 6-6 6"],
  close: ["M6 6l12 12M18 6 6 18"],
  code: ["m8.5 7-5 5 5 5m7-10 5 5-5 5"],
  copy: [
    "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1z",
    "M5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1",
  ],
  dots: ["M6 12h.01M12 12h.01M18 12h.01"],
  download: ["M12 4v11m-4.5-4L12 15.5 16.5 11M5 20h14"],
  film: ["M4 5h16v14H4zM8 5v14m8-14v14M4 9.7h4m-4 4.6h4m8-4.6h4m-4 4.6h4"],
  image: [
    "M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1",
    "0 0 1 1-1zm-1 11 5-5 4.5 4.5M13 14l3-3 5 5M15.5 8.5h.01",
  ],
  info: ["M12 11v5.5M12 7.6v.05M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z"],
  key: [
    "M14.5 9.5a4.5 4.5 0 1 0-4 4.47L12 15.5h2V18h2.5v2.5H20v-3l-5.7-5.7a4.5 4.5 0 0 0 .2-2.3z",
    "M9 8.5h.01",
  ],
  lines: ["M4 6.5h16M4 12h10M4 17.5h13"],
  moon: ["M20 14.2A8.3 8.3 0 0 1 9.8 4a8.3 8.3 0 1 0 10.2 10.2z"],
  page: ["M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5"],
  pencil: ["M4 20h4L19.5 8.5a2.1 2.1 0 0 0-3-3L5 17zM14.5 7.5l2.5 2.5"],
  play: ["M8 5.5v13l10.5-6.5z"],
  plus: ["M12 5v14M5 12h14"],
  refresh: [
    "M4 12a8 8 0 0 1 13.7-5.6L20 8.7M20 4v4.7h-4.7M20 12a8 8 0 0 1-13.7 5.6L4 15.3",
    "M4 20v-4.7h4.7",
  ],
  sidebar: ["M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zm5.5 0v14"],
  sliders: ["M4 7h9m5 0h2M4 17h3m5 0h8M15.5 4.8v4.4M9.5 14.8v4.4"],
  stop: ["M7 7h10v10H7z"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0-5v1.5m0 15V21m9-9h-1.5",
    "M4.5 12H3m15.4-6.4-1 1M6.7 17.3l-1.1 1.1m12.8 0-1.1-1.1M6.7 6.7 5.6 5.6",
  ],
  trash: ["M4 7h16M9.5 7V4h5v3M6 7l1 13h10l1-13M10 11v5.5m4-5.5v5.5"],
  wrench: [
    "M14.5 6.5a4 4 0 0 1 5-2.9l-2.4 2.5.4 2 2 .4L22 6a4 4 0 0 1-5.5",
    "4.7L8 19.3a2.3 2.3 0 0 1-3.3-3.3l8.6-8.5",
  ],
} as const;

export type IconName = keyof typeof PATHS;

/** An icon, hidden from screen readers: the element around it has a text or a label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name].join(" ")} />
    </svg>
  );
}
