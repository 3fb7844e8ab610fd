// Items of benchmarks about videos. Their files stand in folders beside the questions.

import { existsSync } from "node:fs";
import { defined } from "../../core/defined.ts";
import { toText } from "../python/print.ts";
import { letterOf } from "../scorers/choice.ts";
import type { Item } from "../types.ts";
import { groupsOf, itemOf } from "./item-parts.ts";
import { listOf, optionalText, pathBeside, type Row, textOf } from "./row.ts";

const ENDINGS = [".mp4", ".MP4", ".mkv", ".webm"];

/** The first of the places where the file exists; the first place if it exists nowhere. */
function videoAt(row: Row, places: readonly string[]): string {
  const paths = places.map((place) => pathBeside(row, place));
  return paths.find((path) => existsSync(path)) ?? paths[0]!;
}

export function videoMmeItem(row: Row, at: number): Item {
  const name = textOf(row, "videoID", "video", "video_path").replace(/^.*\//, "");
  const stem = name.replace(/\.[a-z0-9]+$/i, "");
  const places = ["data", "video", "videos", "."].flatMap((folder) =>
    ENDINGS.map((ending) => `${folder}/${stem}${ending}`),
  );
  return itemOf("videomme", {
    id: optionalText(row, "question_id", "index") ?? String(at),
    question: textOf(row, "question"),
    options: listOf(row, "options", "candidates").map(toText),
    golds: [textOf(row, "answer")],
    groups: groupsOf(row, {
      duration: ["duration"],
      domain: ["domain"],
      sub_category: ["sub_category"],
      task_type: ["task_type"],
    }),
    cluster: stem,
    media: [{ type: "video", path: videoAt(row, places) }],
  });
}

/** Options that are absent are "N/A", and are skipped one by one. */
export function longVideoItem(row: Row, at: number): Item {
  const options = [0, 1, 2, 3, 4].flatMap((number) => {
    const text = optionalText(row, `option${number}`);
    return text === undefined || text === "N/A" ? [] : [text];
  });
  const choice = Number(textOf(row, "correct_choice"));
  const path = textOf(row, "video_path");
  return itemOf("longvideobench", {
    id: optionalText(row, "id") ?? String(at),
    question: textOf(row, "question"),
    options: options.length > 0 ? options : listOf(row, "candidates").map(toText),
    golds: [letterOf(choice)],
    groups: groupsOf(row, { duration: ["duration_group"], category: ["question_category"] }),
    cluster: optionalText(row, "video_id") ?? path,
    media: [{ type: "video", path: videoAt(row, [`videos/${path}`, path]) }],
  });
}

/** Where the videos of each task of MVBench lie, as its authors pack them. */
const MVBENCH_FOLDERS: Readonly<Record<string, string>> = {
  object_interaction: "star/Charades_segment",
  action_sequence: "star/Charades_segment",
  action_prediction: "star/Charades_segment",
  action_localization: "sta/sta_video_segment",
  moving_count: "clevrer/video_validation",
  fine_grained_pose: "nturgbd_convert",
  character_order: "perception/videos",
  object_shuffle: "perception/videos",
  egocentric_navigation: "vlnqa",
  moving_direction: "clevrer/video_validation",
  episodic_reasoning: "tvqa/video_fps3_hq_segment",
  fine_grained_action: "Moments_in_Time_Raw/videos",
  scene_transition: "scene_qa/video",
  state_change: "perception/videos",
  moving_attribute: "clevrer/video_validation",
  action_antonym: "ssv2_video_mp4",
  unexpected_action: "FunQA_test/test",
  counterfactual_inference: "clevrer/video_validation",
  object_existence: "clevrer/video_validation",
  action_count: "perception/videos",
};

export function mvbenchItem(row: Row, at: number): Item {
  const task = textOf(row, "task", "task_type");
  const name = textOf(row, "video");
  const folder = MVBENCH_FOLDERS[task] ?? ".";
  const places = [folder, `video/${folder}`, `videos/${folder}`, "video", "."];
  const path = videoAt(
    row,
    places.map((place) => `${place}/${name}`),
  );
  return itemOf("mvbench", {
    id: `${task}/${optionalText(row, "index", "id") ?? at}`,
    question: textOf(row, "question"),
    options: listOf(row, "candidates").map(toText),
    golds: [textOf(row, "answer")],
    groups: { task },
    cluster: `${task}/${name}`,
    media: [{ type: "video", path, ...windowOf(row) }],
  });
}

function windowOf(row: Row): { startSeconds?: number; endSeconds?: number } {
  const seconds = (name: string): number | undefined => {
    const text = optionalText(row, name);
    return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);
  };
  return defined({ startSeconds: seconds("start"), endSeconds: seconds("end") });
}
