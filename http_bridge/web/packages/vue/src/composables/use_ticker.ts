import type { Ref } from 'vue';
import { onScopeDispose, ref, watch } from 'vue';
import { onBeat } from './beat';

/**
 * Counts up each `intervalMs` while `active`, and once when that changes: read it in a computed
 * that depends on a clock. All tickers of a page share their timers.
 */
export function useTicker(intervalMs: number, active: () => boolean): Readonly<Ref<number>> {
  const ticks = ref(0);
  let end: (() => void) | undefined;
  const stop = (): void => {
    end?.();
    end = undefined;
  };
  const tick = (): void => {
    ticks.value += 1;
  };
  watch(
    active,
    (isActive) => {
      stop();
      tick();
      if (isActive) end = onBeat(intervalMs, tick);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return ticks;
}
