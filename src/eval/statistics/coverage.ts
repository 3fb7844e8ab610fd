// How often 95 % intervals hold the true value when runs are simulated.

import { estimate, type Observation, type Weighting } from "./bootstrap.ts";
import { compare, type Pair } from "./paired.ts";
import { type Interval, wilson } from "./proportion.ts";
import { type Random, seededRandom } from "./random.ts";

export interface Coverage {
  readonly name: string;
  /** Share of the runs whose interval held the true value. */
  readonly coverage: number;
}

/** Simulates each estimator `runs` times, with `draws` of the bootstrap. */
export function simulateCoverage(runs: number, draws: number): Coverage[] {
  const seeded = (name: string) => seededRandom(`coverage of ${name}`);
  const share = (name: string, truth: number, run: (random: Random) => Interval): Coverage => {
    const random = seeded(name);
    const held = Array.from({ length: runs }, () => run(random)).filter(
      ({ low, high }) => low <= truth && truth <= high,
    );
    return { name, coverage: held.length / runs };
  };
  const interval = (weighting: Weighting, items: (random: Random) => Observation[]) => {
    return (random: Random) => estimate(items(random), weighting, String(random()), draws);
  };
  return [
    share("Wilson, 55 % of 1000", 0.553, (random) => wilson(count(random, 1000, 0.553), 1000)),
    share("Wilson, 90 % of 200", 0.9, (random) => wilson(count(random, 200, 0.9), 200)),
    share("bootstrap of similarities", 0.75, interval("items", similarities)),
    share("stratified bootstrap of a macro average", 0.5, interval("strata", groups)),
    share("clustered bootstrap", 0.6, interval("items", videos)),
    share("paired bootstrap", 0.02, (random) => {
      return compare(twoRuns(random), "items", String(random()), draws).difference;
    }),
  ];
}

function count(random: Random, all: number, chance: number): number {
  let right = 0;
  for (let item = 0; item < all; item += 1) if (random() < chance) right += 1;
  return right;
}

/** 400 similarities: half of the items are right, the others lie evenly between 0 and 1. */
function similarities(random: Random): Observation[] {
  return Array.from({ length: 400 }, (_, at) => {
    const value = random() < 0.5 ? 1 : random();
    return { value, stratum: "all", cluster: String(at) };
  });
}

/** Eight groups of 10 to 80 items whose means lie between 0.15 and 0.85. */
function groups(random: Random): Observation[] {
  return Array.from({ length: 8 }, (_, group) =>
    Array.from({ length: 10 * (group + 1) }, (__, at) => {
      const value = random() < 0.15 + group / 10 ? 1 : 0;
      return { value, stratum: String(group), cluster: `${group}/${at}` };
    }),
  ).flat();
}

/** 200 videos with three questions each; easy videos are answered right more often. */
function videos(random: Random): Observation[] {
  return Array.from({ length: 200 }, (_, video) => {
    const chance = random() < 0.5 ? 0.9 : 0.3;
    return Array.from({ length: 3 }, () => {
      return { value: random() < chance ? 1 : 0, stratum: "all", cluster: String(video) };
    });
  }).flat();
}

/** 500 items in two runs that agree on most of them; the second is better by 0.02. */
function twoRuns(random: Random): Pair[] {
  return Array.from({ length: 500 }, (_, at) => {
    const a = random();
    const b = a + 0.02 + (random() - 0.5) * 0.3;
    return { a, b, stratum: "all", cluster: String(at) };
  });
}
