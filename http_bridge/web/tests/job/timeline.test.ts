import { advance, emptyView, parseAttempts } from '@genwatch/client';
import { describe, expect, it } from 'vitest';
import { timeline } from '../../src/components/job/timeline';

const wire = (number: number, fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  attempt: number,
  version: 2 * number,
  instance: 'w_1',
  lease_time: '2026-01-02T03:04:05Z',
  end_time: '2026-01-02T03:04:07.500Z',
  outcome: 'lost',
  phases: [
    { phase: 'PHASE_LOADING', start_ms: 0, duration_ms: 900 },
    { phase: 'PHASE_PROMPT', start_ms: 900, duration_ms: 100 },
  ],
  ...fields,
});

const processing = advance(emptyView('job_1'), {
  version: 4,
  sequence: 1,
  state: 'processing',
  attempt: 2,
  phase: 'generating',
  phases: { loading: 40, generating: 1200 },
});

describe('the attempts on the wire', () => {
  it('are read, and what is no attempt is left out', () => {
    const attempts = parseAttempts([wire(1), null, { attempt: 'x' }, 7]);
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject({ number: 1, worker: 'w_1', outcome: 'lost', reason: null });
    expect(attempts[0]?.phases.map(({ phase }) => phase)).toEqual(['loading', 'prompt']);
  });

  it('may have phases that this page does not know', () => {
    const [attempt] = parseAttempts([wire(1, { phases: [{ phase: 'PHASE_DREAMING' }] })]);
    expect(attempt?.phases).toEqual([]);
  });

  it('may be no list at all', () => {
    expect(parseAttempts('nonsense')).toEqual([]);
  });
});

describe('the timeline', () => {
  it('shows an attempt that is over as the ledger tells it', () => {
    const [row] = timeline(parseAttempts([wire(1)]), processing);
    expect(row).toMatchObject({ running: false, durationMs: 2500 });
    expect(row?.spans.map(({ durationMs }) => durationMs)).toEqual([900, 100]);
  });

  it('shows the one that runs as the stream tells it', () => {
    const running = wire(2, { end_time: null, outcome: '', phases: [] });
    const rows = timeline(parseAttempts([wire(1), running]), processing);
    expect(rows[1]).toMatchObject({ running: true, durationMs: 1240 });
    expect(rows[1]?.spans.map(({ phase }) => phase)).toEqual(['loading', 'generating']);
  });

  it('shows one that the list does not have yet', () => {
    const rows = timeline(parseAttempts([wire(1)]), processing);
    expect(rows.map(({ attempt, running }) => [attempt.number, running])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('has no phases of an attempt whose worker was lost', () => {
    const lost = wire(1, { phases: [] });
    expect(timeline(parseAttempts([lost]), processing)[0]?.spans).toEqual([]);
  });

  it('is empty before the first attempt', () => {
    expect(timeline([], emptyView('job_1'))).toEqual([]);
  });
});
