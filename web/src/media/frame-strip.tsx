import { type KeyboardEvent, memo, useRef, useState } from "react";
import type { VideoInspection } from "../api/types.ts";
import { counted } from "../ui/numbers.ts";
import { prunedPath } from "./pruning.ts";

interface FrameStripProps {
  readonly inspection: VideoInspection;
  /** One rank for each token of all frames. */
  readonly ranks: Uint32Array;
  /** How many tokens of the video are kept. */
  readonly kept: number;
  readonly onSeek: (seconds: number) => void;
}

/** The sampled frames in a row. Tab reaches one of them, the arrow keys the others. */
export function FrameStrip({ inspection, ranks, kept, onSeek }: FrameStripProps) {
  const [chosen, choose] = useState(0);
  const list = useRef<HTMLOListElement>(null);
  const { frames, frame_tokens: grid } = inspection;
  const tokens = grid.columns * grid.rows;
  const go = (to: number): void => {
    const next = Math.min(frames.length - 1, Math.max(0, to));
    choose(next);
    list.current?.querySelectorAll("button")[next]?.focus();
    onSeek(frames[next]?.seconds ?? 0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const places: Readonly<Record<string, number>> = {
      ArrowRight: chosen + 1,
      ArrowLeft: chosen - 1,
      Home: 0,
      End: frames.length - 1,
    };
    const to = places[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <section className="frames" aria-label={`Frames that the model is shown: ${frames.length}`}>
      <ol className="frame-strip" ref={list} onKeyDown={onKeyDown}>
        {frames.map((frame, at) => (
          <li key={frame.index}>
            <Frame
              inspection={inspection}
              at={at}
              ranks={ranks.subarray(at * tokens, (at + 1) * tokens)}
              kept={kept}
              chosen={at === chosen}
              onChoose={() => go(at)}
            />
          </li>
        ))}
      </ol>
      <p className="note">
        {counted(frames.length, "frame")} of {inspection.total_frames}, {tokens} tokens each
        {inspection.fps === undefined
          ? ""
          : `; the file has ${Math.round(inspection.fps * 100) / 100} a second`}
      </p>
    </section>
  );
}

interface FrameProps {
  readonly inspection: VideoInspection;
  readonly at: number;
  readonly ranks: Uint32Array;
  readonly kept: number;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

const Frame = memo(function Frame({ inspection, at, ranks, kept, chosen, onChoose }: FrameProps) {
  const frame = inspection.frames[at];
  const { columns, rows } = inspection.frame_tokens;
  const { path, pruned } = prunedPath({ ranks, columns }, kept);
  const left = ranks.length - pruned;
  const hasTime = frame?.seconds !== undefined;
  return (
    <button
      type="button"
      className="frame"
      tabIndex={chosen ? 0 : -1}
      aria-current={chosen}
      onClick={onChoose}
    >
      <span className="picture">
        <img src={frame?.thumbnail} alt="" width={inspection.width} height={inspection.height} />
        <svg
          className="over-picture"
          viewBox={`0 0 ${columns} ${rows}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          data-pruned={pruned}
        >
          <path className="pruned" d={path} />
        </svg>
      </span>
      <span className="frame-caption">
        <span className="hidden">{hasTime ? `Frame ${at + 1} at ` : "Frame "}</span>
        <strong>{hasTime ? `${frame.seconds.toFixed(2)} s` : at + 1}</strong> <span>{left}</span>
        <span className="hidden">{` of ${ranks.length} tokens kept`}</span>
      </span>
    </button>
  );
});
