import { type RefObject, useMemo, useRef } from "react";
import type { VideoLook } from "../api/types.ts";
import { usePicture } from "../pictures/use-picture.ts";
import type { Video } from "../state/conversation.ts";
import { Dialog } from "../ui/dialog.tsx";
import { useLookContext } from "./asked.ts";
import { FrameStrip } from "./frame-strip.tsx";
import { keptTokens, readRanks } from "./pruning.ts";
import { PruningSlider } from "./pruning-slider.tsx";
import { useVideoLook } from "./use-look.ts";

interface VideoDialogProps {
  readonly video: Video;
  readonly onClose: () => void;
}

/** A video, the frames that the model is shown of it, and which of their tokens are left out. */
export function VideoDialog({ video, onClose }: VideoDialogProps) {
  const player = useRef<HTMLVideoElement>(null);
  const { look, problem } = useVideoLook(video);
  const seek = (seconds: number): void => {
    if (player.current !== null) player.current.currentTime = seconds;
  };
  return (
    <Dialog title={video.name} className="video-dialog" onClose={onClose}>
      <Player video={video} player={player} />
      {look === undefined ? (
        <p className="note" role="status">
          {problem ?? "Looking at what the model is shown…"}
        </p>
      ) : (
        <Frames look={look} onSeek={seek} />
      )}
    </Dialog>
  );
}

interface PlayerProps {
  readonly video: Video;
  readonly player: RefObject<HTMLVideoElement | null>;
}

function Player({ video, player }: PlayerProps) {
  const url = usePicture(video);
  if (url === "lost") return <p className="picture-lost">{video.name} is no longer kept.</p>;
  if (!video.playable) {
    return <p className="note">This browser cannot play it; the model is shown it all the same.</p>;
  }
  if (video.type === "image/gif") {
    return <img className="player" src={url} alt={video.name} />;
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: it is somebody's own file, and has none.
    <video ref={player} className="player" src={url} aria-label={video.name} controls playsInline />
  );
}

interface FramesProps {
  readonly look: VideoLook;
  readonly onSeek: (seconds: number) => void;
}

function Frames({ look, onSeek }: FramesProps) {
  const { settings, change, prices } = useLookContext();
  const ranks = useMemo(() => readRanks(look.pruning.ranks), [look]);
  const { columns, rows } = look.frame_tokens;
  const { videoPruning } = settings;
  const rate = videoPruning === "" ? look.pruning.default_rate : Number(videoPruning);
  const kept = keptTokens(look.frames.length, columns * rows, rate);
  return (
    <>
      <PruningSlider
        rate={rate}
        kept={kept}
        total={ranks.length}
        prices={prices}
        onRate={(next) => change({ videoPruning: String(next) })}
      />
      <FrameStrip look={look} ranks={ranks} kept={kept} onSeek={onSeek} />
    </>
  );
}
