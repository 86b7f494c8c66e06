import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobWatch } from '../src/job_watch';
import type { SnapshotPatch } from '../src/snapshot';
import { FakeEventSource } from '@support/fake_event_source';
import { complete, failed, generating, progress, queued, SERVER_START } from '@support/wire';

let watches: JobWatch[] = [];
let status: () => Promise<SnapshotPatch | null>;

function start(): JobWatch {
  const watch = new JobWatch('job_1', { fetchStatus: () => status() });
  watch.start();
  watches.push(watch);
  FakeEventSource.last.accept();
  return watch;
}

const answer = (watch: JobWatch): string => watch.text('answer').text;

beforeEach(() => {
  vi.useFakeTimers();
  status = () => Promise.resolve({});
});

afterEach(() => {
  for (const watch of watches) watch.stop();
  watches = [];
});

describe('JobWatch', () => {
  it('seed defect 32: elapsed is time of processing, not time since the page connected', () => {
    const watch = start();
    FakeEventSource.last.send('progress', queued());
    vi.advanceTimersByTime(30_000);
    expect(watch.elapsedMs()).toBe(0);
    FakeEventSource.last.send(
      'progress',
      progress({ elapsed_time: 400, server_time_ms: SERVER_START + 30_000 }),
    );
    vi.advanceTimersByTime(100);
    expect(watch.elapsedMs()).toBe(500);
  });

  it('seed defect 32: elapsed goes on from where the server is after a reload', () => {
    const watch = start();
    FakeEventSource.last.send('progress', generating({ elapsed_time: 16_200 }));
    vi.advanceTimersByTime(300);
    expect(watch.elapsedMs()).toBe(16_500);
  });

  it('seed defect 32: a drift of more than a second is corrected by the next message', () => {
    const watch = start();
    FakeEventSource.last.send('progress', generating({ elapsed_time: 16_200 }));
    vi.advanceTimersByTime(5_000);
    FakeEventSource.last.send(
      'progress',
      generating({ elapsed_time: 18_000, sequence: 2, server_time_ms: SERVER_START + 5_000 }),
    );
    expect(watch.elapsedMs()).toBe(18_000);
  });

  it('seed defect 33: a job that was queued when the page opened streams its text', () => {
    const watch = start();
    FakeEventSource.last.send('progress', queued({ queue_position: 3, queue_size: 8 }));
    expect(watch.view.queuePosition).toBe(3);
    FakeEventSource.last.send('progress', generating());
    FakeEventSource.last.text(0, 'Hello');
    FakeEventSource.last.text(5, ' world');
    FakeEventSource.last.send('complete', complete());
    expect(answer(watch)).toBe('Hello world');
    expect(watch.view.state).toBe('completed');
    expect(FakeEventSource.all).toHaveLength(1);
    expect(FakeEventSource.open).toHaveLength(0);
    expect(watch.connection).toBe('done');
  });

  it('keeps thinking and answer apart', () => {
    const watch = start();
    FakeEventSource.last.text(0, 'Hm.', 'thinking');
    FakeEventSource.last.text(0, 'Yes.');
    expect(watch.text('thinking').text).toBe('Hm.');
    expect(answer(watch)).toBe('Yes.');
  });

  it('asks for the whole text anew where a piece is missing', async () => {
    const watch = start();
    FakeEventSource.last.text(0, 'abc');
    FakeEventSource.last.text(6, 'ghi');
    expect(answer(watch)).toBe('abc');
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.last.url).not.toContain('cursor=');
    FakeEventSource.last.accept();
    expect(answer(watch)).toBe('abc');
    FakeEventSource.last.text(0, 'abXdefghi');
    expect(answer(watch)).toBe('abXdefghi');
  });

  it('forgets text after a reset, in that channel only', () => {
    const watch = start();
    FakeEventSource.last.text(0, 'plan', 'thinking');
    FakeEventSource.last.text(0, 'kept and lost');
    FakeEventSource.last.send('reset', {
      job_id: 'job_1',
      attempt: 2,
      channel: 'answer',
      text_offset: 4,
      reason: 'CONTINUED',
    });
    FakeEventSource.last.text(4, ' and new', 'answer', 2);
    expect(answer(watch)).toBe('kept and new');
    expect(watch.text('thinking').text).toBe('plan');
  });

  it('keeps what it has when the job fails', () => {
    const watch = start();
    FakeEventSource.last.text(0, 'half');
    FakeEventSource.last.send('error', failed());
    expect(watch.view.message).toBe('The model server does not answer');
    expect(answer(watch)).toBe('half');
  });

  it('stands still while nothing is heard, and says since when', () => {
    const watch = start();
    FakeEventSource.last.send('progress', generating({ elapsed_time: 16_200 }));
    FakeEventSource.last.break();
    vi.advanceTimersByTime(3_000);
    expect(watch.connection).toBe('reconnecting');
    expect(watch.elapsedMs()).toBe(16_200);
    expect(watch.heardAgoMs()).toBe(3_000);
    FakeEventSource.last.accept();
    FakeEventSource.last.send(
      'progress',
      generating({ elapsed_time: 19_300, sequence: 9, server_time_ms: SERVER_START + 3_100 }),
    );
    expect(watch.elapsedMs()).toBe(19_300);
  });

  it('gets the end and the whole text even if the stream says that it told them', async () => {
    const watch = start();
    FakeEventSource.last.send('progress', generating());
    FakeEventSource.last.text(0, 'Hello');
    status = () => Promise.resolve({ state: 'completed', version: 3, totalTokens: 275 });
    FakeEventSource.last.end({ kind: 'over' });
    await vi.advanceTimersByTimeAsync(600);
    expect(watch.view.state).toBe('completed');
    expect(FakeEventSource.last.url).not.toContain('cursor=');
    FakeEventSource.last.accept().text(0, 'Hello world');
    FakeEventSource.last.send('complete', complete());
    expect(answer(watch)).toBe('Hello world');
    expect(watch.connection).toBe('done');
  });

  it('believes a 404 where the stream says that all was told', async () => {
    const watch = start();
    status = () => Promise.resolve(null);
    FakeEventSource.last.end({ kind: 'over' });
    await vi.advanceTimersByTimeAsync(10);
    expect(watch.missing).toBe(true);
    expect(FakeEventSource.open).toHaveLength(0);
  });

  it('does not wait long for an answer about a job at work of which nothing is heard', async () => {
    vi.useRealTimers();
    let asked: AbortSignal | undefined;
    const watch = new JobWatch('job_1', {
      fetchStatus: (_jobId, { signal }) => {
        asked = signal;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    });
    expect(await watch.follow().probe()).toBe('failed');
    expect(asked?.aborted).toBe(true);
  });

  it('knows whether tokens are arriving', () => {
    const watch = start();
    expect(watch.tokenAgoMs()).toBeNull();
    FakeEventSource.last.send('progress', generating({ current_tokens: 1 }));
    FakeEventSource.last.send('progress', generating({ current_tokens: 2, sequence: 2 }));
    vi.advanceTimersByTime(700);
    expect(watch.tokenAgoMs()).toBe(700);
  });
});
