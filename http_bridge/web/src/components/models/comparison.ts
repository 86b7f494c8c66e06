/** What the page of the models shows, from what the server answers. Pure. */
import type { ByShare, Model, PeriodStats, WorkStats } from '@genwatch/client';

/** As many as there are colours for. */
export const MOST_PLOTTED = 6;

/** What a model is compared by. */
export type Metric = 'time' | 'speed' | 'firstToken' | 'length' | 'success';
export const METRICS: readonly Metric[] = ['time', 'speed', 'firstToken', 'length', 'success'];

/** The middle one of the jobs, or the mean of them. */
export type Average = 'median' | 'mean';

export interface ModelRow {
  readonly name: string;
  /** Null: no server offers it any more. */
  readonly model: Model | null;
  /** Null: no job of it has ended in these days. */
  readonly stats: PeriodStats | null;
}

const FIELDS: Readonly<
  Record<Exclude<Metric, 'success'>, Readonly<Record<Average, keyof WorkStats>>>
> = {
  time: { median: 'medianGenerationMs', mean: 'meanGenerationMs' },
  speed: { median: 'medianTokensPerSecond', mean: 'meanTokensPerSecond' },
  firstToken: { median: 'medianFirstTokenMs', mean: 'meanFirstTokenMs' },
  length: { median: 'medianTokens', mean: 'meanTokens' },
};

/** Null where there is nothing to tell. A share of successes has no average. */
export function valueOf(
  stats: PeriodStats | null,
  metric: Metric,
  average: Average,
): number | null {
  if (metric === 'success') return stats?.successRate ?? null;
  const value = stats?.work?.[FIELDS[metric][average]];
  // What was never measured is told as 0.
  return value === undefined || value === 0 ? null : value;
}

/** A row for each model that a server offers or that has worked in these days. */
export function modelRows(
  models: readonly Model[],
  totals: readonly PeriodStats[],
): readonly ModelRow[] {
  const rows = new Map<string, ModelRow>();
  for (const model of models) rows.set(model.name, { name: model.name, model, stats: null });
  for (const stats of totals) {
    rows.set(stats.model, {
      name: stats.model,
      model: rows.get(stats.model)?.model ?? null,
      stats,
    });
  }
  return [...rows.values()];
}

export type SortKey = 'name' | 'jobs' | Metric;
export interface Order {
  readonly key: SortKey;
  readonly ascending: boolean;
}

/** Where a column begins when it is chosen: the best, or the most, at the top. */
export function firstOrder(key: SortKey): Order {
  return { key, ascending: key === 'name' || key === 'time' || key === 'firstToken' };
}

/** Rows without a value stand last, whichever way the others are sorted. */
export function sortRows(rows: readonly ModelRow[], order: Order): readonly ModelRow[] {
  const sign = order.ascending ? 1 : -1;
  const key = (row: ModelRow): number | null => {
    if (order.key === 'name') return null;
    if (order.key === 'jobs') return row.stats?.completed ?? null;
    return valueOf(row.stats, order.key, 'median');
  };
  const byName = (a: ModelRow, b: ModelRow): number => a.name.localeCompare(b.name);
  return [...rows].sort((a, b) => {
    if (order.key === 'name') return sign * byName(a, b);
    const [of, other] = [key(a), key(b)];
    if (of === null || other === null) {
      return Number(of === null) - Number(other === null) || byName(a, b);
    }
    return sign * (of - other) || byName(a, b);
  });
}

/** Those with the most jobs, in this order: they get the colours. */
export function mostUsed(totals: readonly PeriodStats[], most = MOST_PLOTTED): readonly string[] {
  return totals
    .filter(({ work }) => work !== null)
    .sort((a, b) => b.completed - a.completed || a.model.localeCompare(b.model))
    .slice(0, most)
    .map(({ model }) => model);
}

const DAY = 86_400_000;

/** The first moments of so many periods, oldest first, of which the last holds `now`. In UTC. */
export function periodStarts(period: 'day' | 'week', periods: number, now: number): number[] {
  const today = Math.floor(now / DAY) * DAY;
  // 1970-01-01 was a Thursday.
  const monday = today - ((today / DAY + 3) % 7) * DAY;
  const [last, step] = period === 'day' ? [today, DAY] : [monday, 7 * DAY];
  return Array.from({ length: periods }, (_, i) => last - (periods - 1 - i) * step);
}

interface Weighted {
  readonly weight: number;
  readonly value: number;
}

function meanOf(values: readonly Weighted[]): number {
  const weight = values.reduce((sum, one) => sum + one.weight, 0);
  return weight === 0 ? 0 : values.reduce((sum, one) => sum + one.weight * one.value, 0) / weight;
}

/** The value at which half of the weight is reached. */
function middleOf(values: readonly Weighted[]): number {
  const sorted = [...values].sort((a, b) => a.value - b.value);
  const half = sorted.reduce((sum, one) => sum + one.weight, 0) / 2;
  let reached = 0;
  for (const { weight, value } of sorted) {
    reached += weight;
    if (reached >= half) return value;
  }
  return 0;
}

function totalOf(model: string, periods: readonly PeriodStats[]): PeriodStats {
  const sum = (count: (one: PeriodStats) => number): number =>
    periods.reduce((total, one) => total + count(one), 0);
  const completed = sum((one) => one.completed);
  const failed = sum((one) => one.failed);
  // What was not measured in a period is told as 0.
  const work = (field: keyof WorkStats): Weighted[] =>
    periods.flatMap((one) => {
      const value = one.work?.[field] ?? 0;
      return value === 0 ? [] : [{ weight: one.completed, value }];
    });
  const scored = periods.flatMap(({ estimates }) => (estimates === null ? [] : [estimates]));
  const byShare = (
    field: 'percentError' | 'remainingLogError',
    average: (values: readonly Weighted[]) => number,
  ): ByShare => {
    const at = (share: keyof ByShare): number =>
      average(scored.map((one) => ({ weight: one.scored, value: one[field][share] })));
    return { at25: at('at25'), at50: at('at50'), at75: at('at75') };
  };
  const bands = scored.flatMap(({ scored: weight, bandCoverage }) =>
    bandCoverage === null ? [] : [{ weight, value: bandCoverage }],
  );
  return {
    model,
    start: Math.min(...periods.map(({ start }) => start)),
    completed,
    failed,
    cancelled: sum((one) => one.cancelled),
    expired: sum((one) => one.expired),
    successRate: completed + failed === 0 ? null : completed / (completed + failed),
    work:
      completed === 0
        ? null
        : {
            meanGenerationMs: meanOf(work('meanGenerationMs')),
            medianGenerationMs: middleOf(work('medianGenerationMs')),
            meanTokensPerSecond: meanOf(work('meanTokensPerSecond')),
            medianTokensPerSecond: middleOf(work('medianTokensPerSecond')),
            meanFirstTokenMs: meanOf(work('meanFirstTokenMs')),
            medianFirstTokenMs: middleOf(work('medianFirstTokenMs')),
            meanTokens: meanOf(work('meanTokens')),
            medianTokens: middleOf(work('medianTokens')),
          },
    estimates:
      scored.length === 0
        ? null
        : {
            scored: scored.reduce((total, one) => total + one.scored, 0),
            percentError: byShare('percentError', meanOf),
            remainingLogError: byShare('remainingLogError', middleOf),
            bandCoverage: bands.length === 0 ? null : meanOf(bands),
          },
  };
}

/**
 * Each model over all of its periods. Counts and means are exact; a median is the middle one of the
 * periods' medians, each as often as it has jobs, because more is not told.
 */
export function totalsOf(periods: readonly PeriodStats[]): readonly PeriodStats[] {
  const models = [...new Set(periods.map(({ model }) => model))];
  return models.map((model) =>
    totalOf(
      model,
      periods.filter((one) => one.model === model),
    ),
  );
}

/** A model's values, one for each start; null where no job tells. */
export function lineOf(
  stats: readonly PeriodStats[],
  model: string,
  starts: readonly number[],
  metric: Metric,
  average: Average,
): (number | null)[] {
  const byStart = new Map(
    stats.filter((one) => one.model === model).map((one) => [one.start, one] as const),
  );
  return starts.map((start) => valueOf(byStart.get(start) ?? null, metric, average));
}
