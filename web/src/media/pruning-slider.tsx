import { useId } from "react";
import type { Prices } from "../api/types.ts";
import { count, dollars, price } from "../ui/numbers.ts";

const MAX_RATE = 0.95;
/** The default rate of a server can be any hundredth, for example 0.33. */
const STEP = 0.01;

interface PruningSliderProps {
  readonly rate: number;
  /** Tokens that are kept at that rate, of `total`. */
  readonly kept: number;
  readonly total: number;
  readonly prices: Prices | undefined;
  readonly onRate: (rate: number) => void;
}

/** Selects the share of tokens that EVS drops; shows the number and price of those that stay. */
export function PruningSlider({ rate, kept, total, prices, onRate }: PruningSliderProps) {
  const id = useId();
  const each = price(prices?.prompt);
  const percent = `${Math.round(rate * 100)} %`;
  const tokens = `${count(kept)} of ${count(total)} tokens kept`;
  const cost = each === undefined ? "" : ` · ${dollars(kept * each)}`;
  return (
    <div className="pruning">
      <label htmlFor={id}>Drop</label>
      <input
        id={id}
        type="range"
        min={0}
        max={MAX_RATE}
        step={STEP}
        value={Math.min(rate, MAX_RATE)}
        aria-valuetext={`${percent}: ${tokens}`}
        onChange={(event) => onRate(Number(event.target.value))}
      />
      <output htmlFor={id}>
        <strong>{percent}</strong> {tokens}
        {cost}
      </output>
      <p className="note">
        Dimmed: the tokens that EVS drops, because they differ least from the same place one frame
        earlier. The first frame is always complete. The rate applies to your next request.
      </p>
    </div>
  );
}
