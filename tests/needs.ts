import { missingPrograms } from "../scripts/system-packages.mjs";

/**
 * Whether this machine has ffmpeg and ffprobe. For files of which every test needs them, a line
 * `// Needs: ffmpeg.` at the top does: vitest.config.ts leaves such files out and says so.
 */
export const HAS_FFMPEG = missingPrograms(["ffmpeg"]).length === 0;
