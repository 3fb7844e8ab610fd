import { Icon } from "../ui/icon.tsx";

/** Benchmark, score without and with reasoning. Source: the BF16 table of the report below. */
const SCORES: readonly (readonly [name: string, off: number, on: number])[] = [
  ["MMMU val", 55.3, 67.8],
  ["MathVista mini", 69.0, 75.5],
  ["MMStar", 65.9, 71.7],
  ["OCR-Reasoning", 21.0, 33.9],
  ["OCRBench", 85.6, 83.5],
  ["DocVQA test", 94.7, 93.2],
  ["InfoVQA test", 79.4, 80.4],
  ["ChartQA", 89.8, 84.9],
  ["AI2D", 87.2, 84.7],
  ["TextVQA val", 85.4, 76.1],
];

/** Some of NVIDIA's own scores. None was measured with this server. */
export function Scores() {
  return (
    <section>
      <h3>Published scores</h3>
      <table className="scores">
        <thead>
          <tr>
            <th scope="col">Benchmark</th>
            <th scope="col">Reasoning off</th>
            <th scope="col">Reasoning on</th>
          </tr>
        </thead>
        <tbody>
          {SCORES.map(([name, off, on]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-best={off > on}>{off.toFixed(1)}</td>
              <td data-best={on > off}>{on.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="note">
        <Icon name="info" />
        Measured by NVIDIA on the BF16 model, not with this server. Source: its report,{" "}
        <a href="https://arxiv.org/abs/2511.03929" target="_blank" rel="noopener noreferrer">
          arXiv 2511.03929
        </a>
        .
      </p>
    </section>
  );
}
