import { describe, expect, it } from 'vitest';
import type { Model, PeriodStats } from '@genwatch/client';
import {
  firstOrder,
  lineOf,
  modelRows,
  mostUsed,
  periodStarts,
  sortRows,
  totalsOf,
  valueOf,
} from '../../src/components/models/comparison';

const DAY = 86_400_000;

function period(model: string, start: number, completed: number, ms: number): PeriodStats {
  return {
    model,
    start,
    completed,
    failed: completed === 0 ? 1 : 0,
    cancelled: 0,
    expired: 0,
    successRate: completed === 0 ? 0 : 1,
    work:
      completed === 0
        ? null
        : {
            meanGenerationMs: ms,
            medianGenerationMs: ms,
            meanTokensPerSecond: 20,
            medianTokensPerSecond: 20,
            meanFirstTokenMs: 0,
            medianFirstTokenMs: 0,
            meanTokens: 100,
            medianTokens: 100,
          },
    estimates: null,
  };
}

const offered = (name: string): Model => ({
  name,
  sizeBytes: 0,
  family: '',
  parameterSize: '',
  quantization: '',
  contextLength: 0,
  loadedContextLength: 0,
  loaded: false,
  capabilities: [],
});

describe('totalsOf', () => {
  it('adds up counts, weighs means by jobs, and takes the middle of medians', () => {
    const periods = [
      period('m', 0, 1, 9000),
      period('m', DAY, 8, 1000),
      period('m', 2 * DAY, 1, 2000),
    ];
    const [total] = totalsOf([...periods, period('other', 0, 1, 5)]);
    expect(total).toMatchObject({ model: 'm', completed: 10, failed: 0, successRate: 1 });
    expect(total?.work?.meanGenerationMs).toBe(1900);
    expect(total?.work?.medianGenerationMs).toBe(1000);
  });

  it('knows success without any work, and neither without an end', () => {
    const [failed] = totalsOf([period('m', 0, 0, 0)]);
    expect(failed).toMatchObject({ successRate: 0, work: null, estimates: null });
    const [none] = totalsOf([{ ...period('m', 0, 0, 0), failed: 0, successRate: null }]);
    expect(none?.successRate).toBeNull();
  });

  it('weighs how right the estimates were by the jobs that were scored', () => {
    const scored = (jobs: number, error: number, held: number | null): PeriodStats => ({
      ...period('m', 0, jobs, 1000),
      estimates: {
        scored: jobs,
        percentError: { at25: error, at50: error, at75: error },
        remainingLogError: { at25: error, at50: error, at75: error },
        bandCoverage: held,
      },
    });
    const [total] = totalsOf([scored(1, 10, 0.5), scored(3, 2, 0.9), period('m', DAY, 1, 5)]);
    expect(total?.estimates).toMatchObject({
      scored: 4,
      percentError: { at50: 4 },
      remainingLogError: { at50: 2 },
    });
    expect(total?.estimates?.bandCoverage).toBeCloseTo(0.8);
  });
});

describe('the table', () => {
  const totals = [period('slow', 0, 3, 9000), period('fast', 0, 7, 100), period('failed', 0, 0, 0)];
  const rows = modelRows([offered('idle'), offered('fast')], totals);

  it('has a row for each model that is offered or has worked', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(['failed', 'fast', 'idle', 'slow']);
    expect(rows.find(({ name }) => name === 'slow')?.model).toBeNull();
    expect(rows.find(({ name }) => name === 'idle')?.stats).toBeNull();
  });

  it('begins with the best, and ends with those of whom nothing is known', () => {
    const names = (order: Parameters<typeof sortRows>[1]): string[] =>
      sortRows(rows, order).map(({ name }) => name);
    expect(names(firstOrder('time'))).toEqual(['fast', 'slow', 'failed', 'idle']);
    expect(names({ key: 'time', ascending: false })).toEqual(['slow', 'fast', 'failed', 'idle']);
    expect(names(firstOrder('jobs'))).toEqual(['fast', 'slow', 'failed', 'idle']);
    expect(names(firstOrder('name'))).toEqual(['failed', 'fast', 'idle', 'slow']);
  });

  it('takes what was never measured for unknown', () => {
    expect(valueOf(totals[0] ?? null, 'firstToken', 'median')).toBeNull();
    expect(valueOf(totals[0] ?? null, 'time', 'mean')).toBe(9000);
    expect(valueOf(totals[2] ?? null, 'success', 'mean')).toBe(0);
  });

  it('gives the colours to those with the most jobs', () => {
    expect(mostUsed(totals)).toEqual(['fast', 'slow']);
    expect(mostUsed(totals, 1)).toEqual(['fast']);
  });
});

describe('the periods', () => {
  // A Sunday.
  const now = Date.UTC(2026, 10, 22, 23, 59);

  it('are days and weeks of the calendar, in UTC', () => {
    expect(periodStarts('day', 2, now)).toEqual([Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 22)]);
    expect(periodStarts('week', 2, now)).toEqual([Date.UTC(2026, 10, 9), Date.UTC(2026, 10, 16)]);
    expect(periodStarts('week', 1, now + DAY)).toEqual([Date.UTC(2026, 10, 23)]);
  });

  it('leave a gap where a model had no job', () => {
    const starts = [0, DAY, 2 * DAY];
    const stats = [period('m', 0, 1, 5), period('m', 2 * DAY, 1, 7), period('x', DAY, 1, 9)];
    expect(lineOf(stats, 'm', starts, 'time', 'median')).toEqual([5, null, 7]);
  });
});
