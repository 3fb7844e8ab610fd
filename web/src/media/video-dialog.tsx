import { type RefObject, useMemo, useRef } from "react";
import type { VideoInspection } from "../api/types.ts";
import type { Video } from "../conversation/model.ts";
import { usePictureUrl } from "../pictures/picture-urls.ts";
import { useServer, useSettings } from "../state/contexts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { FrameStrip } from "./frame-strip.tsx";
import { keptTokens, readRanks } from "./pruning.ts";
import { PruningSlider } from "./pruning-slider.tsx";
import { useVideoInspection } from "./use-inspection.ts";

interface VideoDialogProps {
  readonly video: Video;
  readonly onClose: () => void;
}

/** Shows a video, the frames that the model sees, and the tokens that EVS drops. */
export function VideoDialog({ video, onClose }: VideoDialogProps) {
  const player = useRef<HTMLVideoElement>(null);
  const { value: inspection, failure } = useVideoInspection(video);
  const seek = (seconds: number): void => {
    if (player.current !== null) player.current.currentTime = seconds;
  };
  return (
    <Dialog title={video.name} className="video-dialog" onClose={onClose}>
      <Player video={video} player={player} />
      {inspection === undefined ? (
        <p className="note" role="status">
          {failure?.message ?? "Loading the frames that the model sees…"}
        </p>
      ) : (
        <Frames inspection={inspection} onSeek={seek} />
      )}
    </Dialog>
  );
}

interface PlayerProps {
  readonly video: Video;
  readonly player: RefObject<HTMLVideoElement | null>;
}

function Player({ video, player }: PlayerProps) {
  const url = usePictureUrl(video);
  if (url === "lost")
    return <p className="picture-lost">{video.name} is no longer stored in this browser.</p>;
  if (!video.playable) {
    return <p className="note">This browser cannot play it, but the server can read it.</p>;
  }
  if (video.type === "image/gif") {
    return <img className="player" src={url} alt={video.name} />;
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: the user's own file has no captions.
    <video ref={player} className="player" src={url} aria-label={video.name} controls playsInline />
  );
}

interface FramesProps {
  readonly inspection: VideoInspection;
  readonly onSeek: (seconds: number) => void;
}

function Frames({ inspection, onSeek }: FramesProps) {
  const { settings, change } = useSettings();
  const { model } = useServer();
  const ranks = useMemo(() => readRanks(inspection.pruning.ranks), [inspection]);
  const { columns, rows } = inspection.frame_tokens;
  const { videoPruning } = settings;
  const serverRate = model?.video_pruning_rate ?? inspection.pruning.default_rate;
  const rate = videoPruning === "" ? serverRate : Number(videoPruning);
  const kept = keptTokens(inspection.frames.length, columns * rows, rate);
  return (
    <>
      <PruningSlider
        rate={rate}
        kept={kept}
        total={ranks.length}
        prices={model?.pricing}
        onRate={(next) => change({ videoPruning: String(next) })}
      />
      <FrameStrip inspection={inspection} ranks={ranks} kept={kept} onSeek={onSeek} />
    </>
  );
}
