import type { ApiError } from '@genwatch/client';
import { toApiError } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { shallowRef } from 'vue';
import { useLooks } from './use_looks';

/** However slow the pace, a first failure may be a short one. */
const RETRY_MS = 2000;
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
 * Reads a value again and again, `paceMs` after each answer, and later after each failure in a row.
 * The answer to the newest question counts.
 */
export function usePolled<T>(
  read: () => Promise<T>,
  paceMs: (value: T | null) => number,
): Polled<T> {
  const value = shallowRef<T | null>(null);
  const error = shallowRef<ApiError | null>(null);
  let newest: T | null = null;
  let asked = 0;
  let failures = 0;

  const look = async (): Promise<void> => {
    asked += 1;
    const mine = asked;
    const isStale = (): boolean => mine !== asked || looks.isOver();
    try {
      const answer = await read();
      if (isStale()) return;
      newest = answer;
      value.value = answer;
      error.value = null;
      failures = 0;
    } catch (thrown) {
      if (isStale()) return;
      error.value = toApiError(thrown);
      failures += 1;
    }
  };
  const looks = useLooks(look, () => {
    const pace = paceMs(newest);
    return failures === 0 ? pace : Math.min(MAX_MS, Math.min(pace, RETRY_MS) * 2 ** failures);
  });
  return { value, error, refresh: looks.refresh };
}
