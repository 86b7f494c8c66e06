import type { Ref, ShallowRef } from 'vue';
import { onMounted, onScopeDispose, shallowRef, watch } from 'vue';
import type { ApiError, EstimateSample, PeriodStats } from '@genwatch/client';
import { readEstimateSamples, readModelStats, toApiError } from '@genwatch/client';
import { periodStarts, totalsOf } from '../components/models/comparison';

/** Ended jobs are counted some seconds later, and nobody compares models by the second. */
const REFRESH_MS = 30_000;
const RETRY_MS = 5000;
const MOST_SAMPLES = 1500;

export type Range = 'day' | 'week';
export const PERIODS: Readonly<Record<Range, number>> = { day: 14, week: 12 };

export interface Comparison {
  readonly range: Range;
  /** Of the periods, rising, in Unix ms. */
  readonly starts: readonly number[];
  /** All of them as one. */
  readonly totals: readonly PeriodStats[];
  readonly periods: readonly PeriodStats[];
  /** The newest of all models. */
  readonly samples: readonly EstimateSample[];
}

/** The statistics of all models over a range, kept fresh while the page is looked at. */
export function useModelComparison(range: Readonly<Ref<Range>>): {
  /** Null until the first answer. */
  readonly comparison: Readonly<ShallowRef<Comparison | null>>;
  /** Of the last try. */
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  readonly refresh: () => Promise<void>;
} {
  const comparison = shallowRef<Comparison | null>(null);
  const error = shallowRef<ApiError | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let disposed = false;
  let latest = 0;

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    const turn = (latest += 1);
    const wanted = range.value;
    const starts = periodStarts(wanted, PERIODS[wanted], Date.now());
    try {
      const [periods, samples] = await Promise.all([
        readModelStats(wanted, PERIODS[wanted]),
        readEstimateSamples('', MOST_SAMPLES),
      ]);
      if (turn !== latest) return;
      comparison.value = {
        range: wanted,
        starts,
        totals: totalsOf(periods),
        periods,
        samples,
      };
      error.value = null;
    } catch (thrown) {
      if (turn !== latest) return;
      error.value = toApiError(thrown);
    }
    if (disposed) return;
    timer = setTimeout(wake, error.value === null ? REFRESH_MS : RETRY_MS);
  }

  /** A page that nobody sees asks for nothing. */
  function wake(): void {
    if (document.visibilityState === 'visible') void refresh();
  }

  onMounted(() => {
    void refresh();
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('online', wake);
  });
  watch(range, () => void refresh());
  onScopeDispose(() => {
    disposed = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
    window.removeEventListener('online', wake);
  });
  return { comparison, error, refresh };
}
