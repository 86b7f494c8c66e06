import type { ComputedRef } from 'vue';
import { computed } from 'vue';
import type { LiveJob } from './use_live_job';
import { useTicker } from './use_ticker';

const TICK_MS = 100;

/** ms of processing: ticks while the job is processed and the server is heard, else stands. */
export function useElapsed(live: LiveJob): ComputedRef<number> {
  const ticks = useTicker(
    TICK_MS,
    () => live.view.value.state === 'processing' && live.connection.value === 'live',
  );
  return computed(() => {
    void ticks.value;
    void live.view.value;
    return live.watch.elapsedMs();
  });
}
