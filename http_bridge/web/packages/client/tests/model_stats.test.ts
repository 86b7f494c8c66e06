import { describe, expect, it } from 'vitest';
import {
  parseEstimateSamples,
  parseModelStats,
  readEstimateSamples,
  readModelStats,
} from '../src/model_stats';
import { FakeServer } from '@support/fake_server';

describe('model statistics', () => {
  it('are asked for by period', async () => {
    const server = new FakeServer().on('GET /api/v1/model_stats', { body: { stats: [] } });
    await readModelStats('day', 14);
    await readModelStats('week', 8, 'm');
    expect(server.seen.map(({ path }) => path.split('?')[1])).toEqual([
      'period=PERIOD_DAY&periods=14',
      'period=PERIOD_WEEK&periods=8&model=m',
    ]);
  });

  it('tell a period in which jobs completed and were scored', () => {
    const [stats] = parseModelStats({
      stats: [
        {
          model: 'm',
          period_start: '2026-11-16T00:00:00Z',
          finished: 9,
          failed: 1,
          success_rate: 0.9,
          mean_generation_ms: 5000,
          median_generation_ms: 4000,
          median_tokens_per_second: 25,
          scored: 4,
          percent_error_25: 12,
          percent_error_50: 9,
          percent_error_75: 5,
          remaining_log_error_50: 0.7,
          band_coverage: 0,
        },
      ],
    });
    expect(stats).toMatchObject({
      model: 'm',
      start: Date.UTC(2026, 10, 16),
      completed: 9,
      failed: 1,
      expired: 0,
      successRate: 0.9,
      work: { meanGenerationMs: 5000, medianGenerationMs: 4000, medianTokensPerSecond: 25 },
      estimates: {
        scored: 4,
        percentError: { at25: 12, at50: 9, at75: 5 },
        remainingLogError: { at25: 0, at50: 0.7, at75: 0 },
        bandCoverage: 0,
      },
    });
  });

  it('keep what is not known apart from nought', () => {
    const [stats] = parseModelStats({
      stats: [
        { model: 'm', period_start: '2026-11-16T00:00:00Z', finished: 0, cancelled: 2, scored: 0 },
      ],
    });
    expect(stats).toMatchObject({ successRate: null, work: null, estimates: null, cancelled: 2 });
    const broken = { stats: [{ model: 'm' }, { period_start: '2026-11-16T00:00:00Z' }, 7] };
    expect(parseModelStats(broken)).toEqual([]);
    expect(parseModelStats({ stats: 'none' })).toEqual([]);
  });

  it('have samples of told and true times', async () => {
    const server = new FakeServer().on('GET /api/v1/estimate_samples', {
      body: {
        samples: [{ model: 'm', share: 50, told_ms: 4000, told_high_ms: 9000, true_ms: 3000 }],
      },
    });
    expect(await readEstimateSamples('m')).toEqual([
      { model: 'm', share: 50, toldMs: 4000, toldLowMs: 0, toldHighMs: 9000, trueMs: 3000 },
    ]);
    expect(server.seen[0]?.path).toBe('/api/v1/estimate_samples?limit=500&model=m');
    expect(parseEstimateSamples({})).toEqual([]);
  });
});
