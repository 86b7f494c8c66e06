import type { Ref } from 'vue';
import { onScopeDispose, ref, watch } from 'vue';

/**
 * Counts up each `intervalMs` while `active`, and once when that changes: read it in a computed
 * that depends on a clock.
 */
export function useTicker(intervalMs: number, active: () => boolean): Readonly<Ref<number>> {
  const ticks = ref(0);
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = (): void => {
    ticks.value += 1;
  };
  watch(
    active,
    (isActive) => {
      clearInterval(timer);
      tick();
      if (isActive) timer = setInterval(tick, intervalMs);
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearInterval(timer);
  });
  return ticks;
}
