import { describe, expect, it } from 'vitest';
import { announcement, barText, queuePlace, stateWord } from '../src/words/card_text';
import type { JobView } from '@genwatch/client';
import { advance, emptyView, parseSnapshot } from '@genwatch/client';
import { adviceOn, keptOf, retrySentence } from '../src/words/notice_text';
import { happenedOf } from '../src/words/outcome';
import { ENGLISH as en } from '../src/words/words';
import { complete, failed, generating, progress, queued, SERVER_START } from '@support/wire';

const view = (message: Record<string, unknown>): JobView =>
  advance(emptyView('job_1'), parseSnapshot(message));

describe('the words of the card', () => {
  it.each([
    [queued(), 'Queued'],
    [queued({ held: true }), 'Held'],
    [queued({ retry_at: '2026-01-02T03:04:05Z' }), 'Waiting to retry'],
    [progress({ phase: null }), 'Starting'],
    [progress({ phase: 'loading' }), 'Loading model'],
    [progress({ phase: 'prompt' }), 'Reading prompt'],
    [progress({ phase: 'thinking' }), 'Thinking'],
    [progress({ phase: 'generating' }), 'Generating'],
    [progress({ phase: 'finalizing' }), 'Finalizing'],
    [progress({ phase: 'dreaming' }), 'Starting'],
    [progress({ state: 'paused' }), 'Paused'],
    [complete(), 'Completed'],
    [failed(), 'Failed'],
    [failed({ state: 'cancelled' }), 'Cancelled'],
    [failed({ state: 'expired' }), 'Expired'],
    [progress({ state: 'on_ice' }), 'On ice'],
  ])('has one for each state (%#)', (message, word) => {
    expect(stateWord(view(message), en)).toBe(word);
  });

  it('says the place in the queue, and never "3 of 2"', () => {
    expect(queuePlace(view(queued({ queue_position: 3, queue_size: 8 })), en)).toBe('3 of 8');
    expect(queuePlace(view(queued({ queue_position: 3, queue_size: 2 })), en)).toBe('3 of 3');
    expect(queuePlace(view(queued()), en)).toBeNull();
  });

  it('tells the bar in words', () => {
    expect(barText(view(generating()), en)).toBe('230 tokens, about 20 seconds left');
    expect(barText(view(generating({ estimated_remaining: null })), en)).toBe('230 tokens');
    expect(
      barText(view(queued({ queue_position: 3, queue_size: 8, expected_wait: 120_000 })), en),
    ).toBe('Queued, 3 of 8, about 2 minutes');
    expect(barText(view(complete({ current_tokens: 230 })), en)).toBe('Completed, 230 tokens');
  });

  it('says which attempt comes when and why', () => {
    const waiting = view(
      queued({
        failures: 1,
        retry_at: new Date(SERVER_START + 3_200).toISOString(),
        reason: 'MODEL_SERVER_UNREACHABLE',
        message: 'the model server does not answer',
      }),
    );
    expect(retrySentence(waiting, SERVER_START, en)).toBe(
      'Attempt 2 of 3, in 4 s, because: the model server does not answer.',
    );
    expect(retrySentence(waiting, SERVER_START + 9_000, en)).toMatch(
      /^Attempt 2 of 3, now, because/,
    );
  });

  it('announces states, not numbers that tick', () => {
    expect(announcement(emptyView('job_1'), en)).toBe('');
    expect(announcement(view(generating()), en)).toBe(
      announcement(view(generating({ progress: 60 })), en),
    );
    expect(announcement(view(complete({ current_tokens: 230 })), en)).toBe(
      'Completed: 230 tokens in 36.0 s.',
    );
    expect(announcement(view(failed()), en)).toBe('Failed. The model server does not answer.');
  });

  it('says of a failure what happened, what was kept and what to do', () => {
    const dead = view(failed());
    expect(happenedOf(dead, en)).toBe('The model server does not answer.');
    expect(keptOf(1204, en)).toBe('The text so far is kept below (1,204 bytes).');
    expect(adviceOn(dead, en)).toBe(
      'Check that the model server runs, then submit the prompt again.',
    );
    const bare = view(failed({ message: null, error: 'Generation failed', reason: 'ODD_THING' }));
    expect(happenedOf(bare, en)).toBe('The job failed: odd thing.');
    expect(keptOf(0, en)).toBe('No text had arrived.');
    expect(adviceOn(bare, en)).toBe('You can submit the prompt again, or choose another model.');
    expect(happenedOf(view(failed({ state: 'cancelled', message: null })), en)).toBe(
      'You cancelled this job.',
    );
  });
});
