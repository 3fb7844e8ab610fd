import { type KeyboardEvent, memo, useRef, useState } from "react";
import type { VideoLook } from "../api/types.ts";
import { counted } from "../ui/numbers.ts";
import { prunedPath } from "./pruning.ts";

interface FrameStripProps {
  readonly look: VideoLook;
  /** Of all frames' tokens. */
  readonly ranks: Uint32Array;
  /** Tokens that are kept of the video. */
  readonly kept: number;
  readonly onSeek: (seconds: number) => void;
}

/** The sampled frames side by side. One is a stop of the Tab key; the arrows lead to the others. */
export function FrameStrip({ look, ranks, kept, onSeek }: FrameStripProps) {
  const [chosen, choose] = useState(0);
  const list = useRef<HTMLOListElement>(null);
  const { frames, frame_tokens: grid } = look;
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
              look={look}
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
        {counted(frames.length, "frame")} of {look.total_frames}, {tokens} tokens each
        {look.fps === undefined
          ? ""
          : `; the file has ${Math.round(look.fps * 100) / 100} a second`}
      </p>
    </section>
  );
}

interface FrameProps {
  readonly look: VideoLook;
  readonly at: number;
  readonly ranks: Uint32Array;
  readonly kept: number;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

const Frame = memo(function Frame({ look, at, ranks, kept, chosen, onChoose }: FrameProps) {
  const frame = look.frames[at];
  const { columns, rows } = look.frame_tokens;
  const { path, pruned } = prunedPath({ ranks, columns }, kept);
  const left = ranks.length - pruned;
  const when = frame?.seconds === undefined ? "" : ` at ${frame.seconds.toFixed(2)} s`;
  return (
    <button
      type="button"
      className="frame"
      tabIndex={chosen ? 0 : -1}
      aria-current={chosen}
      aria-label={`Frame ${at + 1}${when}, ${left} of ${ranks.length} tokens kept`}
      onClick={onChoose}
    >
      <span className="picture">
        <img src={frame?.thumbnail} alt="" width={look.width} height={look.height} />
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
        <strong>
          {frame?.seconds === undefined ? `${at + 1}` : `${frame.seconds.toFixed(2)} s`}
        </strong>
        <span>{left}</span>
      </span>
    </button>
  );
});
