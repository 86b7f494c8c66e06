/** The fastest that anything on the page ticks, in ms. */
const BEAT_MS = 100;

interface Beat {
  readonly timer: ReturnType<typeof setInterval>;
  readonly listeners: Set<() => void>;
}

const beats = new Map<number, Beat>();

/**
 * Calls each `intervalMs` (a multiple of 100, or more than a second). Answers what ends it.
 *
 * One timer for each period, whatever the number of cards, and up to a second all ride on that of the
 * fastest: what ticks together is drawn together.
 */
export function onBeat(intervalMs: number, listen: () => void): () => void {
  const periodMs = intervalMs <= 1000 ? BEAT_MS : intervalMs;
  const every = Math.max(1, Math.round(intervalMs / periodMs));
  let count = 0;
  const onTick = (): void => {
    count += 1;
    if (count % every === 0) listen();
  };
  let beat = beats.get(periodMs);
  if (beat === undefined) {
    const listeners = new Set<() => void>();
    const timer = setInterval(() => {
      for (const each of [...listeners]) each();
    }, periodMs);
    beat = { timer, listeners };
    beats.set(periodMs, beat);
  }
  const { listeners, timer } = beat;
  listeners.add(onTick);
  return () => {
    listeners.delete(onTick);
    if (listeners.size > 0) return;
    clearInterval(timer);
    if (beats.get(periodMs)?.timer === timer) beats.delete(periodMs);
  };
}
