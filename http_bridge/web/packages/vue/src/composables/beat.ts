/** The fastest that anything on the page ticks, in ms. */
const BEAT_MS = 100;

interface Listener {
  readonly every: number;
  readonly listen: () => void;
}

/**
 * One timer for each period, whatever the number of cards: what ticks together is drawn together.
 * Up to a second all ride on the beat of the fastest. Nothing beats while the page is hidden; when it
 * is seen again everyone is told once.
 */
class Beat {
  readonly #periodMs: number;
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  add(listener: Listener): () => void {
    if (this.#listeners.size === 0)
      document.addEventListener('visibilitychange', this.#onVisibility);
    this.#listeners.add(listener);
    this.#run();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      document.removeEventListener('visibilitychange', this.#onVisibility);
      this.#stop();
    };
  }

  #run(): void {
    if (document.hidden) return;
    this.#timer ??= setInterval(() => {
      this.#count += 1;
      for (const { every, listen } of [...this.#listeners]) {
        if (this.#count % every === 0) listen();
      }
    }, this.#periodMs);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onVisibility = (): void => {
    if (document.hidden) {
      this.#stop();
      return;
    }
    for (const { listen } of [...this.#listeners]) listen();
    this.#run();
  };
}

const beats = new Map<number, Beat>();

/** Calls each `intervalMs` (a multiple of 100, or more than a second). Answers what ends it. */
export function onBeat(intervalMs: number, listen: () => void): () => void {
  const periodMs = intervalMs <= 1000 ? BEAT_MS : intervalMs;
  let beat = beats.get(periodMs);
  if (beat === undefined) {
    beat = new Beat(periodMs);
    beats.set(periodMs, beat);
  }
  return beat.add({ every: Math.max(1, Math.round(intervalMs / periodMs)), listen });
}
