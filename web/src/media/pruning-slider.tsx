import { useId } from "react";
import type { Prices } from "../api/types.ts";
import { count, dollars, price } from "../ui/numbers.ts";

const RATE_MOST = 0.95;
const STEP = 0.05;

interface PruningSliderProps {
  readonly rate: number;
  /** Tokens that are kept at that rate, of all. */
  readonly kept: number;
  readonly total: number;
  readonly prices: Prices | undefined;
  readonly onRate: (rate: number) => void;
}

/** How much of a video EVS leaves out, with what it leaves and costs. */
export function PruningSlider({ rate, kept, total, prices, onRate }: PruningSliderProps) {
  const id = useId();
  const each = price(prices?.prompt);
  const percent = `${Math.round(rate * 100)} %`;
  const tokens = `${count(kept)} of ${count(total)} tokens kept`;
  const cost = each === undefined ? "" : ` · ${dollars(kept * each)}`;
  return (
    <div className="pruning">
      <label htmlFor={id}>Leave out</label>
      <input
        id={id}
        type="range"
        min={0}
        max={RATE_MOST}
        step={STEP}
        value={Math.min(rate, RATE_MOST)}
        aria-valuetext={`${percent}: ${tokens}`}
        onChange={(event) => onRate(Number(event.target.value))}
      />
      <output htmlFor={id}>
        <strong>{percent}</strong> {tokens}
        {cost}
      </output>
      <p className="note">
        Dimmed: tokens that differ least from the same place one frame earlier (EVS). The rate goes
        with your next request; the first frame is always whole.
      </p>
    </div>
  );
}
