import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';
import { onBeat } from './beat';

/**
 * What `source` gives, drawn at most each `intervalMs`: at once when `key` changes (a new state must
 * not wait), and not at all while nobody looks.
 */
export function useCalm<T>(
  source: () => T,
  intervalMs: number,
  key: () => unknown,
  awake: () => boolean,
): Readonly<ShallowRef<T>> {
  const shown = shallowRef(source()) as ShallowRef<T>;
  let shownAt = performance.now();
  let end: (() => void) | undefined;
  const rest = (): void => {
    end?.();
    end = undefined;
  };
  const show = (): void => {
    rest();
    shownAt = performance.now();
    shown.value = source();
  };
  const isDue = (): boolean => performance.now() - shownAt >= intervalMs;
  watch([source, key, awake], (_now, [, keyBefore]) => {
    if (key() !== keyBefore) show();
    else if (!awake()) rest();
    else if (isDue()) show();
    else {
      end ??= onBeat(100, () => {
        if (isDue()) show();
      });
    }
  });
  onScopeDispose(rest);
  return shown;
}
