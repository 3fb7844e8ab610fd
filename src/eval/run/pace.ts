// How many items are asked at once: grows while answers keep their speed, halves when the other
// side is overloaded.

export interface Pace {
  /** Resolves when another item may be asked. */
  enter(): Promise<void>;
  /** Ends an item. msPerToken: undefined if it failed. isOverload: the other side said so. */
  leave(result: { readonly msPerToken?: number; readonly isOverload: boolean }): void;
  readonly width: number;
}

/** Answers may be this much slower per token than the fastest level before growth stops. */
const SLOWDOWN = 1.5;
const SMOOTHING = 0.2;

/** Starts with `first` at once and never exceeds `most`. */
export function createPace(first: number, most: number): Pace {
  let width = Math.min(first, most);
  let running = 0;
  let finished = 0;
  let speed: number | undefined;
  let best: number | undefined;
  const waiting: (() => void)[] = [];
  const admit = (): void => {
    while (running < width && waiting.length > 0) {
      running += 1;
      waiting.shift()!();
    }
  };
  /** After each full turn at this width. */
  const adapt = (): void => {
    finished = 0;
    if (speed === undefined) return;
    best = best === undefined ? speed : Math.min(best, speed);
    if (speed <= best * SLOWDOWN) width = Math.min(most, width + 1);
  };
  return {
    get width() {
      return width;
    },
    enter() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        admit();
      });
    },
    leave({ msPerToken, isOverload }) {
      running -= 1;
      if (isOverload) {
        width = Math.max(1, Math.floor(width / 2));
        finished = 0;
      } else if (msPerToken !== undefined) {
        speed = speed === undefined ? msPerToken : speed + SMOOTHING * (msPerToken - speed);
        finished += 1;
        if (finished >= width) adapt();
      }
      admit();
    },
  };
}
