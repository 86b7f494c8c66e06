import { beforeEach, describe, expect, it, vi } from 'vitest';
import { JobWatch } from '../src/job_watch';
import type { WatchUpdate } from '../src/watch_updates';
import { WatchReader } from '../src/watch_updates';
import { FakeEventSource } from '@support/fake_event_source';
import { complete, generating } from '@support/wire';

function read(cursor?: string): WatchReader {
  const options = { fetchStatus: () => Promise.resolve({}), ...(cursor && { cursor }) };
  const watch = new JobWatch('job_1', options);
  const reader = new WatchReader(watch, () => undefined);
  watch.start();
  FakeEventSource.last.accept();
  return reader;
}

const stream = (): FakeEventSource => FakeEventSource.last;

function reset(offset: number, cursor?: string): void {
  const data = { job_id: 'job_1', channel: 'answer', text_offset: offset, reason: 'RESTARTED' };
  stream().send('reset', data, cursor);
}

/** The text of somebody who holds `held` and does what the updates say. */
function apply(held: string, updates: readonly WatchUpdate[]): string {
  return updates.reduce((text, update) => {
    if (update.kind === 'reset') return text.slice(0, update.offset);
    if (update.kind !== 'text') return text;
    expect(update.offset).toBe(text.length);
    return text + update.text;
  }, held);
}

const brief = (updates: readonly WatchUpdate[]): string[] =>
  updates.map((update) => {
    if (update.kind === 'text') return `${update.offset}:${update.text}`;
    return update.kind === 'reset' ? `reset:${update.offset}` : update.kind;
  });

beforeEach(() => {
  vi.useFakeTimers();
});

describe('WatchReader', () => {
  it('tells who comes late the newest numbers and the whole text at once', () => {
    const reader = read();
    stream().send('progress', generating({ sequence: 1 }), 'c1');
    stream().text(0, 'Hello');
    stream().send('progress', generating({ sequence: 2, progress: 50 }), 'c2');
    stream().text(5, ' world');
    const updates = reader.take();
    expect(brief(updates)).toEqual(['connection', '0:Hello world', 'progress']);
    expect(updates.map(({ cursor }) => cursor)).toEqual([undefined, undefined, 't11']);
    expect(reader.take()).toEqual([]);
  });

  it('tells of a reset before the text that follows it', () => {
    const reader = read();
    stream().text(0, 'first attempt');
    let text = apply('', reader.take());
    reset(0);
    stream().text(0, 'sec', 'answer', 2);
    reset(2);
    stream().text(2, 'cond attempt', 'answer', 3);
    const updates = reader.take();
    expect(brief(updates)).toEqual(['reset:0', '0:second attempt']);
    text = apply(text, updates);
    expect(text).toBe('second attempt');
  });

  it('says nothing of a reset to what was not told yet', () => {
    const reader = read();
    stream().text(0, 'abc');
    reader.take();
    stream().text(3, 'def');
    reset(4);
    stream().text(4, 'X', 'answer', 2);
    expect(brief(reader.take())).toEqual(['3:dX']);
  });

  it('goes on for somebody who holds the beginning', () => {
    const reader = read('t5');
    stream().send('progress', generating());
    stream().text(5, ' world');
    expect(apply('Hello', reader.take())).toBe('Hello world');
    stream().send('complete', complete());
    expect(brief(reader.take())).toEqual(['ended']);
    expect(reader.isOver).toBe(true);
  });

  it.each([0, 3])('resets somebody to %i who holds the beginning, whoever told it', (offset) => {
    const reader = read('t5');
    reset(offset);
    stream().text(offset, 'NEW', 'answer', 2);
    expect(apply('Hello', reader.take())).toBe(`${'Hello'.slice(0, offset)}NEW`);
  });

  it('resets to before the place where it went on', () => {
    const reader = read('t5');
    stream().text(5, ' world');
    reset(2);
    stream().text(2, 'y', 'answer', 2);
    expect(apply('Hello', reader.take())).toBe('Hey');
  });

  it('gives all of a text again that had a hole', async () => {
    const reader = read();
    stream().text(0, 'abc');
    const text = apply('', reader.take());
    stream().text(6, 'ghi');
    await vi.advanceTimersByTimeAsync(600);
    stream().accept().text(0, 'abcdefghi');
    const updates = reader.take();
    expect(brief(updates).filter((word) => word !== 'connection')).toEqual([
      'reset:0',
      '0:abcdefghi',
    ]);
    expect(apply(text, updates)).toBe('abcdefghi');
  });
});
