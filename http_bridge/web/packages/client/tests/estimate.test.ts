import { describe, expect, it } from 'vitest';
import { estimateJob, parseEstimate } from '../src/estimate';
import { FakeServer } from '@support/fake_server';

describe('estimateJob', () => {
  it('asks for what was chosen, and for nothing else', async () => {
    const server = new FakeServer().on('GET /api/v1/estimate', { body: { model: 'qwen3:8b' } });
    await estimateJob({
      model: 'qwen3:8b',
      jobClass: 'title',
      think: 'low',
      numPredict: 64,
      promptBytes: 12,
    });
    await estimateJob({ model: '', promptBytes: 0 });
    await estimateJob({ model: '', think: false, promptBytes: 0 });
    expect(server.seen.map(({ path }) => path.split('?')[1])).toEqual([
      'prompt_bytes=12&model=qwen3%3A8b&job_class=title&think=THINKING_LOW&num_predict=64',
      'prompt_bytes=0',
      'prompt_bytes=0&think=THINKING_OFF',
    ]);
  });

  it('reads what the server knows', () => {
    const estimate = parseEstimate({
      model: 'llama3.2:3b',
      basis: 'BASIS_CLASS',
      past_jobs: 212,
      tokens: 240,
      tokens_low: 90,
      tokens_high: 610,
      tokens_per_second: 41.2,
      first_token_ms: 380,
      duration_ms: 6205,
      duration_low_ms: 2564,
      duration_high_ms: 15186,
      expected_wait_ms: 0,
      waiting: 3,
      held: false,
      reason: '',
      error_message: '',
    });
    expect(estimate).toEqual({
      model: 'llama3.2:3b',
      basis: 'class',
      pastJobs: 212,
      tokens: { median: 240, low: 90, high: 610 },
      tokensPerSecond: 41.2,
      firstTokenMs: 380,
      loadMs: null,
      durationMs: { median: 6205, low: 2564, high: 15186 },
      expectedWaitMs: 0,
      waiting: 3,
      held: false,
      reason: null,
      message: null,
    });
  });

  it('takes what is absent, and nonsense, for unknown', () => {
    const unknown = parseEstimate({});
    expect(unknown.basis).toBeNull();
    expect(unknown.tokens).toBeNull();
    expect(unknown.durationMs).toBeNull();
    expect(unknown.expectedWaitMs).toBeNull();
    expect(parseEstimate({ basis: 'BASIS_LATER', tokens: -5, duration_ms: 'soon' })).toEqual(
      unknown,
    );
    expect(parseEstimate({ tokens: 7 }).tokens).toEqual({ median: 7, low: 7, high: 7 });
  });
});
