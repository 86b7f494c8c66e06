import type { JobView } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { shallowRef, watch } from 'vue';

/** What the sparkline shows. */
export const WINDOW_MS = 60_000;
const SAMPLE_MS = 1000;

export interface SpeedSample {
  /** Monotonic, ms. */
  readonly at: number;
  readonly rate: number;
}

/** The speed of the last minute, a sample a second while tokens come; a new attempt starts over. */
export function useSpeeds(view: () => JobView): Readonly<ShallowRef<readonly SpeedSample[]>> {
  const samples = shallowRef<readonly SpeedSample[]>([]);
  watch(view, (now, before) => {
    if (now.attempt !== before.attempt) samples.value = [];
    if (now.state !== 'processing' || now.tokensPerSecond <= 0) return;
    const at = performance.now();
    const last = samples.value.at(-1);
    if (last !== undefined && at - last.at < SAMPLE_MS) return;
    samples.value = [
      ...samples.value.filter((sample) => at - sample.at <= WINDOW_MS),
      { at, rate: now.tokensPerSecond },
    ];
  });
  return samples;
}
