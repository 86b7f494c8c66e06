import type { EstimateSample, PeriodStats } from '@genwatch/client';
import { readEstimateSamples, readModelStats } from '@genwatch/client';
import type { Ref } from 'vue';
import { watch } from 'vue';
import { periodStarts, totalsOf } from '../components/models/comparison';
import type { Polled } from './use_polled';
import { usePolled } from './use_polled';

/** Ended jobs are counted some seconds later, and nobody compares models by the second. */
const REFRESH_MS = 30_000;
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

async function readComparison(range: Range): Promise<Comparison> {
  const starts = periodStarts(range, PERIODS[range], Date.now());
  const [periods, samples] = await Promise.all([
    readModelStats(range, PERIODS[range]),
    readEstimateSamples('', MOST_SAMPLES),
  ]);
  return { range, starts, totals: totalsOf(periods), periods, samples };
}

/** The statistics of all models over a range, kept fresh while the page is looked at. */
export function useModelComparison(range: Readonly<Ref<Range>>): Polled<Comparison> {
  const polled = usePolled(
    () => readComparison(range.value),
    () => REFRESH_MS,
  );
  watch(range, () => void polled.refresh());
  return polled;
}
