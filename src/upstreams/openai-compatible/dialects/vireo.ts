import {
  allExcept,
  type Dialect,
  OPENAI,
  pdfFilePart,
  reasoningObject,
  vllmMedia,
} from "../dialect.ts";
import { VLLM } from "./vllm.ts";

/** Another vireo server, which understands everything that this one does. */
export const VIREO: Dialect = {
  ...OPENAI,
  features: allExcept(),
  reasoning: reasoningObject,
  output: VLLM.output,
  videos: "file",
  frameLists: true,
  videoSampling: "part",
  pdfPart: pdfFilePart,
  rendersLikeVireo: true,
  pastReasoning: "reasoning_content",
  media: (request) => {
    const { exifOrientation } = request;
    const turned = exifOrientation === undefined ? {} : { exif_orientation: exifOrientation };
    const { videoSampling: _, ...rest } = request;
    return { ...vllmMedia(rest), ...turned };
  },
};
