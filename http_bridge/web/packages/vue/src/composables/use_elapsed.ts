import type { ComputedRef } from 'vue';
import { computed } from 'vue';
import type { LiveJob } from './use_live_job';
import { useTicker } from './use_ticker';

const TICK_MS = 100;

/**
 * ms of processing on the server's clock: ticks while the job is processed and the server is heard,
 * else stands. `awake`: somebody looks.
 */
export function useElapsed(live: LiveJob, awake: () => boolean = () => true): ComputedRef<number> {
  const working = computed(() => live.view.value.state === 'processing');
  const ticks = useTicker(
    TICK_MS,
    () => working.value && live.connection.value === 'live' && awake(),
  );
  return computed(() => {
    void ticks.value;
    // While it works the ticks are all there is to draw; messages only correct what they show.
    if (!working.value) void live.view.value;
    return live.watch.elapsedMs();
  });
}
