import { request } from './api';
import type { JsonObject } from './decode';
import { asAmount, asArray, asObject, asString, asTime } from './decode';
import type { CallOptions } from './http';

export type StatsPeriod = 'day' | 'week';

/** At 25, 50 and 75 % of a job's tokens. */
export interface ByShare {
  readonly at25: number;
  readonly at50: number;
  readonly at75: number;
}

/** How right the estimates of some jobs were. */
export interface EstimateStats {
  /** How many jobs. */
  readonly scored: number;
  /** Mean error of the shown percent, in points. */
  readonly percentError: ByShare;
  /** Median |ln(told / true)| of the time left: 0.7 is wrong by a factor of two. */
  readonly remainingLogError: ByShare;
  /** Share of the told 80 % bands that held, 0 to 1; null: none was told. */
  readonly bandCoverage: number | null;
}

/** The jobs of a model that ended in one period. Means and medians are of the completed ones. */
export interface PeriodStats {
  readonly model: string;
  /** Its first moment, in Unix ms: midnight UTC, of a Monday for weeks. */
  readonly start: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly expired: number;
  /** 0 to 1, of those that completed or failed; null: none did. */
  readonly successRate: number | null;
  /** Null: none completed. */
  readonly work: WorkStats | null;
  /** Null: none was scored. */
  readonly estimates: EstimateStats | null;
}

export interface WorkStats {
  readonly meanGenerationMs: number;
  readonly medianGenerationMs: number;
  readonly meanTokensPerSecond: number;
  readonly medianTokensPerSecond: number;
  readonly meanFirstTokenMs: number;
  readonly medianFirstTokenMs: number;
  readonly meanTokens: number;
  readonly medianTokens: number;
}

/** By model, then by period, oldest first; periods without jobs are absent. */
export async function readModelStats(
  period: StatsPeriod,
  periods: number,
  model = '',
  options?: CallOptions,
): Promise<readonly PeriodStats[]> {
  const query = new URLSearchParams({
    period: `PERIOD_${period.toUpperCase()}`,
    periods: String(periods),
  });
  if (model !== '') query.set('model', model);
  const path = `/api/v1/model_stats?${query.toString()}`;
  return parseModelStats(await request('GET', path, undefined, options));
}

/** What a job was told about its time left when it had made a share of its tokens. Durations: ms. */
export interface EstimateSample {
  readonly model: string;
  /** 25, 50 or 75. */
  readonly share: number;
  readonly toldMs: number;
  readonly toldLowMs: number;
  readonly toldHighMs: number;
  readonly trueMs: number;
}

/** Newest first; of all models if none is named. */
export async function readEstimateSamples(
  model = '',
  limit = 500,
  options?: CallOptions,
): Promise<readonly EstimateSample[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (model !== '') query.set('model', model);
  const path = `/api/v1/estimate_samples?${query.toString()}`;
  return parseEstimateSamples(await request('GET', path, undefined, options));
}

const amount = (json: JsonObject, name: string): number => asAmount(json[name]) ?? 0;

function byShare(json: JsonObject, name: string): ByShare {
  return {
    at25: amount(json, `${name}_25`),
    at50: amount(json, `${name}_50`),
    at75: amount(json, `${name}_75`),
  };
}

function parsePeriod(json: JsonObject): PeriodStats | undefined {
  const start = asTime(json['period_start']);
  if (start === undefined) return undefined;
  const completed = amount(json, 'finished');
  const scored = amount(json, 'scored');
  return {
    model: asString(json['model']) ?? '',
    start,
    completed,
    failed: amount(json, 'failed'),
    cancelled: amount(json, 'cancelled'),
    expired: amount(json, 'expired'),
    successRate: asAmount(json['success_rate']) ?? null,
    work:
      completed === 0
        ? null
        : {
            meanGenerationMs: amount(json, 'mean_generation_ms'),
            medianGenerationMs: amount(json, 'median_generation_ms'),
            meanTokensPerSecond: amount(json, 'mean_tokens_per_second'),
            medianTokensPerSecond: amount(json, 'median_tokens_per_second'),
            meanFirstTokenMs: amount(json, 'mean_first_token_ms'),
            medianFirstTokenMs: amount(json, 'median_first_token_ms'),
            meanTokens: amount(json, 'mean_tokens'),
            medianTokens: amount(json, 'median_tokens'),
          },
    estimates:
      scored === 0
        ? null
        : {
            scored,
            percentError: byShare(json, 'percent_error'),
            remainingLogError: byShare(json, 'remaining_log_error'),
            bandCoverage: asAmount(json['band_coverage']) ?? null,
          },
  };
}

export function parseModelStats(json: JsonObject): readonly PeriodStats[] {
  return asArray(json['stats'])
    .map(asObject)
    .filter((stats) => stats !== undefined)
    .map(parsePeriod)
    .filter((stats) => stats !== undefined && stats.model !== '') as PeriodStats[];
}

export function parseEstimateSamples(json: JsonObject): readonly EstimateSample[] {
  return asArray(json['samples'])
    .map(asObject)
    .filter((sample) => sample !== undefined)
    .map((sample) => ({
      model: asString(sample['model']) ?? '',
      share: amount(sample, 'share'),
      toldMs: amount(sample, 'told_ms'),
      toldLowMs: amount(sample, 'told_low_ms'),
      toldHighMs: amount(sample, 'told_high_ms'),
      trueMs: amount(sample, 'true_ms'),
    }));
}
