import chart from "../samples/chart.png";
import invoice from "../samples/invoice.png";
import shapes from "../samples/shapes.png";
import table from "../samples/table.png";

export interface Sample {
  readonly name: string;
  readonly url: string;
  readonly question: string;
}

/** Pictures to begin with, drawn by training/vireo_training/samples.py. */
export const SAMPLES: readonly Sample[] = [
  {
    name: "Invoice",
    url: invoice,
    question: "Return JSON with the keys vendor, date, customer, total.",
  },
  { name: "Table", url: table, question: "Write the table as Markdown." },
  { name: "Chart", url: chart, question: "What is the value of Q3?" },
  { name: "Shapes", url: shapes, question: "Describe the picture." },
];

/** The picture of a sample as a file, as if it had been dropped on the page. */
export async function sampleFile({ name, url }: Sample): Promise<File> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`The sample could not be loaded (${answer.status}).`);
  return new File([await answer.blob()], `${name.toLowerCase()}.png`, { type: "image/png" });
}
