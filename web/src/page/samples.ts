import chart from "../samples/chart.png";
import documentFile from "../samples/document.pdf";
import documentPage from "../samples/document.png";
import invoice from "../samples/invoice.png";
import shapes from "../samples/shapes.png";
import table from "../samples/table.png";
import videoFile from "../samples/video.mp4";
import videoFrame from "../samples/video.png";

export interface Sample {
  readonly name: string;
  /** The URL of the preview picture. */
  readonly picture: string;
  /** The URL of the file; absent if the preview is the file itself. */
  readonly file?: string;
  readonly type: string;
  readonly question: string;
}

const PNG = "image/png";

/** Samples to start with, made by training/vireo_training/samples.py. */
export const SAMPLES: readonly Sample[] = [
  {
    name: "Invoice",
    picture: invoice,
    type: PNG,
    question: "Return JSON with the keys vendor, date, customer, total.",
  },
  {
    name: "PDF",
    picture: documentPage,
    file: documentFile,
    type: "application/pdf",
    question: "Return JSON with the keys vendor, date, customer, total.",
  },
  {
    name: "Video",
    picture: videoFrame,
    file: videoFile,
    type: "video/mp4",
    question: "What happens in the video?",
  },
  { name: "Table", picture: table, type: PNG, question: "Write the table as Markdown." },
  { name: "Chart", picture: chart, type: PNG, question: "What is the value of Q3?" },
  { name: "Shapes", picture: shapes, type: PNG, question: "Describe the picture." },
];

/** Loads the file of a sample, as if the user had dropped it on the page. */
export async function sampleFile({ name, picture, file = picture, type }: Sample): Promise<File> {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`The sample could not be loaded (${answer.status}).`);
  const end = file.slice(file.lastIndexOf("."));
  const base = name === "PDF" ? "document" : name.toLowerCase();
  return new File([await answer.blob()], `${base}${end}`, { type });
}
