import type { ApiError } from '@genwatch/client';
import { toApiError } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef } from 'vue';

/** However long the server has been away, somebody may look at this page. */
const MAX_MS = 30_000;

export interface Polled<T> {
  /** Null until the first answer. */
  readonly value: Readonly<ShallowRef<T | null>>;
  /** Of the last look; the value is older then. */
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  /** Looks now. */
  readonly refresh: () => Promise<void>;
}

/**
 * Looks again and again, `paceMs` after each answer, twice as late after each failure in a row; not
 * at all while the page is hidden, and at once when it is seen again or the network is back.
 */
export function usePolled<T>(
  read: () => Promise<T>,
  paceMs: (value: T | null) => number,
): Polled<T> {
  const value = shallowRef<T | null>(null);
  const error = shallowRef<ApiError | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let newest: T | null = null;
  let looks = 0;
  let failures = 0;
  let disposed = false;

  const refresh = async (): Promise<void> => {
    clearTimeout(timer);
    looks += 1;
    const look = looks;
    try {
      const answer = await read();
      if (disposed || look !== looks) return;
      newest = answer;
      value.value = answer;
      error.value = null;
      failures = 0;
    } catch (thrown) {
      if (disposed || look !== looks) return;
      error.value = toApiError(thrown);
      failures += 1;
    }
    if (document.visibilityState === 'hidden') return;
    const pace = Math.min(MAX_MS, paceMs(newest) * 2 ** failures);
    timer = setTimeout(() => void refresh(), pace);
  };

  const onVisibility = (): void => {
    if (document.visibilityState === 'visible') void refresh();
  };
  const onOnline = (): void => void refresh();
  document.addEventListener('visibilitychange', onVisibility);
  addEventListener('online', onOnline);
  onScopeDispose(() => {
    disposed = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('online', onOnline);
  });
  void refresh();
  return { value, error, refresh };
}
