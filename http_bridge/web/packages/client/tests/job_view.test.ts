import { describe, expect, it } from 'vitest';
import type { JobView } from '../src/job_view';
import { advance, emptyView } from '../src/job_view';
import { parseSnapshot } from '../src/snapshot';
import { complete, failed, generating, progress, queued } from '@support/wire';

function viewAfter(...messages: Record<string, unknown>[]): JobView {
  return messages.reduce(
    (view, message) => advance(view, parseSnapshot(message)),
    emptyView('job_1'),
  );
}

describe('advance', () => {
  it('drops what is older than the view', () => {
    const newer = generating({ version: 3, sequence: 9, current_tokens: 300 });
    expect(viewAfter(newer, generating({ version: 3, sequence: 8 })).tokens).toBe(300);
    expect(viewAfter(newer, generating({ version: 2, sequence: 99 })).tokens).toBe(300);
  });

  it('takes the place in the queue from a message of equal order', () => {
    const view = viewAfter(
      queued({ queue_position: 3, queue_size: 8 }),
      queued({ queue_position: 2, queue_size: 8, expected_wait: 60_000 }),
    );
    expect([view.queuePosition, view.queueSize, view.expectedWaitMs]).toEqual([2, 8, 60_000]);
  });

  it('counts sequences anew under a new version, told or not', () => {
    const view = advance(viewAfter(generating({ version: 2, sequence: 900 })), {
      version: 3,
      state: 'queued',
    });
    expect(viewAfter(generating({ sequence: 900 }), queued({ version: 3 })).state).toBe('queued');
    expect(advance(view, parseSnapshot(queued({ version: 3, sequence: 0 }))).sequence).toBe(0);
    expect(advance(view, parseSnapshot(generating({ version: 3, sequence: 1 }))).state).toBe(
      'processing',
    );
  });

  it('knows the times of the phases, and of those only that it understands', () => {
    const view = viewAfter(
      generating({ phases: { loading: 3100, thinking: '900', dreaming: 5, prompt: -1 } }),
    );
    expect(view.phases).toEqual({ loading: 3100, thinking: 900 });
  });

  it('knows what became of the text of the attempts before, and of the job', () => {
    const view = viewAfter(generating({ resume_mode: 'continued', retried_as: 'job_2' }));
    expect([view.resumeMode, view.retriedAs]).toEqual(['continued', 'job_2']);
    expect(viewAfter(generating({ resume_mode: 'guessed' })).resumeMode).toBeNull();
  });

  it('never lets the bar fall within an attempt', () => {
    const view = viewAfter(
      generating({ progress: 45, sequence: 1 }),
      generating({ progress: 40, sequence: 2 }),
    );
    expect(view.percent).toBe(45);
  });

  it('lets a new attempt start over', () => {
    const view = viewAfter(
      generating({ progress: 45 }),
      progress({ version: 4, attempt: 2, phase: 'loading', progress: 2 }),
    );
    expect(view.percent).toBe(2);
    expect(view.determinate).toBe(false);
  });

  it('is determinate only once an estimate stands behind the percent', () => {
    expect(viewAfter(progress({ phase: 'loading', progress: 3 })).determinate).toBe(false);
    expect(viewAfter(generating({ estimated_remaining: null })).determinate).toBe(false);
    expect(viewAfter(generating()).determinate).toBe(true);
    expect(
      viewAfter(generating(), generating({ sequence: 2, estimated_remaining: null })).determinate,
    ).toBe(true);
    expect(viewAfter(progress({ phase: 'finalizing', progress: 97 })).determinate).toBe(true);
  });

  it('shows 100 % with completed and never before', () => {
    expect(viewAfter(generating({ progress: 99 })).percent).toBe(99);
    expect(viewAfter(generating(), complete()).percent).toBe(100);
  });

  it('keeps the numbers that a last message does not repeat', () => {
    const view = viewAfter(generating(), complete());
    expect([view.tokens, view.totalTokens, view.elapsedMs]).toEqual([230, 275, 36000]);
    expect(view.tokensPerSecond).toBe(14.2);
  });

  it('forgets the time of a retry once the retry runs', () => {
    const waiting = queued({ version: 3, retry_at: '2026-01-02T03:04:05Z', failures: 1 });
    expect(viewAfter(waiting).retryAt).toBe(Date.parse('2026-01-02T03:04:05Z'));
    expect(viewAfter(waiting, generating({ version: 4, attempt: 2 })).retryAt).toBeNull();
  });

  it('keeps a failed job where it was', () => {
    const view = viewAfter(generating(), failed());
    expect([view.state, view.percent, view.determinate]).toEqual(['failed', 45, true]);
  });

  it('takes a state that it does not know for one that may still change', () => {
    const view = viewAfter(progress({ state: 'on_ice', status: 'queued' }));
    expect([view.state, view.stateWord]).toEqual(['unknown', 'on_ice']);
  });

  it('survives nonsense in any field', () => {
    const nonsense = Object.fromEntries(Object.keys(progress()).map((key) => [key, { x: [] }]));
    expect(() => viewAfter(nonsense, generating())).not.toThrow();
    expect(viewAfter(nonsense, generating()).tokens).toBe(230);
  });
});
