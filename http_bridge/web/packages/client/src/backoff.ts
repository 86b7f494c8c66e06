const FIRST_MS = 500;
const MAX_MS = 15_000;

/** How long to wait before the next try: twice as long each time, and never quite the same. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** `random` gives numbers from 0 to below 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** ms, at least `floorMs`. */
  next(floorMs = 0): number {
    const delay = Math.min(MAX_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Up to a quarter less, so that many pages do not come back in one moment.
    return Math.max(floorMs, delay * (1 - this.#random() / 4));
  }

  /** The longest wait, for what is not expected to change by itself. */
  longest(): number {
    return MAX_MS * (1 - this.#random() / 4);
  }

  /** It went well for a while: the next wait is a short one. */
  ease(): void {
    this.#failures = Math.min(this.#failures, 1);
  }

  /** It went well: the next wait is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
