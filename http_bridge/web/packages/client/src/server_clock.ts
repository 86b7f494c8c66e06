/** A sample that differs from the estimate by more than this means that a clock has moved. */
const JUMP_MS = 1000;

/**
 * The clock of the server, estimated from the times in its messages. The message with the least
 * delay is the best witness; that is the one with the smallest difference of the two clocks.
 *
 * `now` is a monotonic clock of this side, in ms.
 */
export class ServerClock {
  #offset: number | null = null;

  observe(serverTimeMs: number, now: number): void {
    const sample = now - serverTimeMs;
    if (this.#offset === null || sample < this.#offset || sample - this.#offset > JUMP_MS) {
      this.#offset = sample;
    }
  }

  /** Unix ms at the server, or null before the first message. */
  read(now: number): number | null {
    return this.#offset === null ? null : now - this.#offset;
  }

  /** Another replica may answer after a reconnect, with another clock. */
  forget(): void {
    this.#offset = null;
  }
}
