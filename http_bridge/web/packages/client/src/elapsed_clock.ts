/** A difference above this is corrected at once, a smaller one by running faster or slower. */
const JUMP_MS = 1000;
/** How much faster or slower, at most. */
const MAX_SLEW = 0.5;

/**
 * A stopwatch that shows what the server's would: told by each message how long the job has been
 * processed, it ticks on by itself in between. What it shows never falls, except by a correction
 * of more than a second.
 *
 * `now` is a monotonic clock, in ms.
 */
export class ElapsedClock {
  #base = 0;
  #baseAt = 0;
  #running = false;
  #shown = 0;
  #shownAt = 0;

  /** The server said `elapsedMs`, true `ageMs` ago; from then on it ticks, or stands. */
  set(elapsedMs: number, ageMs: number, running: boolean, now: number): void {
    const wasRunning = this.#running;
    this.read(now);
    this.#base = elapsedMs;
    this.#baseAt = now - Math.max(0, ageMs);
    this.#running = running;
    if (!running || !wasRunning) {
      this.#shown = running ? this.#target(now) : elapsedMs;
      this.#shownAt = now;
    }
  }

  /** Stands still until the next `set`: nobody knows how it goes on. */
  freeze(now: number): void {
    if (!this.#running) return;
    this.#base = this.read(now);
    this.#baseAt = now;
    this.#running = false;
  }

  /** ms of processing. */
  read(now: number): number {
    if (!this.#running) return this.#shown;
    const target = this.#target(now);
    const passed = Math.max(0, now - this.#shownAt);
    const drift = target - (this.#shown + passed);
    const limit = passed * MAX_SLEW;
    this.#shown =
      Math.abs(drift) > JUMP_MS
        ? target
        : this.#shown + passed + Math.min(limit, Math.max(-limit, drift));
    this.#shownAt = now;
    return this.#shown;
  }

  #target(now: number): number {
    return this.#base + (now - this.#baseAt);
  }
}
