import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection, ProbeResult } from '../src/job_stream';
import { JobStream } from '../src/job_stream';
import type { StreamEvent } from '../src/stream_events';
import { FakeEventSource } from '@support/fake_event_source';
import { failed, generating } from '@support/wire';

let events: StreamEvent[];
let connections: Connection[];
let probeResult: ProbeResult;
let probes: number;
let silenceMs: number;
let streams: JobStream[] = [];

function start(): JobStream {
  const stream = new JobStream('job_1', {
    onEvent: (event) => events.push(event),
    onConnection: (connection) => connections.push(connection),
    silenceMs: () => silenceMs,
    probe: () => {
      probes += 1;
      return Promise.resolve(probeResult);
    },
  });
  stream.start();
  streams.push(stream);
  return stream;
}

const kinds = (): string[] => events.map((event) => event.kind);

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  connections = [];
  probeResult = 'same';
  probes = 0;
  silenceMs = 20_000;
});

afterEach(() => {
  for (const stream of streams) stream.stop();
  streams = [];
});

describe('JobStream', () => {
  it("seed defect 31: the connection's own error event does not fail the job", () => {
    start();
    FakeEventSource.last.accept().send('progress', generating());
    FakeEventSource.last.break();
    expect(kinds()).toEqual(['snapshot']);
    expect(connections).toEqual(['live', 'reconnecting']);
    // The browser comes back by itself, on the same object, and life goes on.
    FakeEventSource.last.accept().send('progress', generating({ sequence: 2 }));
    expect(connections.at(-1)).toBe('live');
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it("seed defect 31: the server's error event ends the job, because it carries data", () => {
    start();
    FakeEventSource.last.accept().send('error', failed());
    expect(events).toMatchObject([
      { kind: 'ended', patch: { state: 'failed', reason: 'MODEL_SERVER_UNREACHABLE' } },
    ]);
  });

  it('tells an unknown job from a failed one', () => {
    start();
    FakeEventSource.last.accept().send('error', { error: 'Job not found' });
    expect(kinds()).toEqual(['missing']);
  });

  it('passes over what is not JSON', () => {
    start();
    FakeEventSource.last.accept().send('progress', '<html>502</html>');
    FakeEventSource.last.send('text', '[]');
    FakeEventSource.last.send('progress', generating());
    expect(kinds()).toEqual(['snapshot']);
  });

  it('opens again with the last cursor where the browser gave up', async () => {
    start();
    FakeEventSource.last.accept().send('progress', generating(), 'cursor+7');
    FakeEventSource.last.refuse();
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.last.url).toBe(
      '/api/v1/ai/generation/job_1/progress?text=true&last_event_id=cursor%2B7',
    );
    FakeEventSource.last.accept().send('progress', generating({ sequence: 2 }));
    expect(connections).toEqual(['live', 'reconnecting', 'live']);
  });

  it('is live only when something was heard, not when a connection was accepted', async () => {
    probeResult = 'failed';
    start();
    FakeEventSource.last.accept();
    await vi.advanceTimersByTimeAsync(900);
    expect(connections).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(connections).toEqual(['reconnecting']);
    await vi.advanceTimersByTimeAsync(600);
    FakeEventSource.last.accept();
    expect(FakeEventSource.open).toHaveLength(1);
    probeResult = 'same';
    await vi.advanceTimersByTimeAsync(1_100);
    expect(connections.at(-1)).toBe('live');
  });

  it('gives the stream time to catch up with an answer that overtook it', async () => {
    silenceMs = 5_000;
    start();
    FakeEventSource.last.accept().send('progress', generating());
    probeResult = 'behind';
    await vi.advanceTimersByTimeAsync(5_500);
    FakeEventSource.last.send('progress', generating({ sequence: 2 }));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(FakeEventSource.all).toHaveLength(1);
    expect(connections).toEqual(['live']);
  });

  it('waits longer each time, and at most 15 seconds', async () => {
    probeResult = 'failed';
    start();
    const gaps: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const before = Date.now();
      const count = FakeEventSource.all.length;
      FakeEventSource.last.refuse();
      while (FakeEventSource.all.length === count) await vi.advanceTimersByTimeAsync(50);
      gaps.push(Date.now() - before);
    }
    expect(gaps[0]).toBeLessThanOrEqual(550);
    expect(gaps[3]).toBeGreaterThan(gaps[0]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15_050);
    expect(gaps.at(-1)).toBeGreaterThan(11_000);
  });

  it('is done where the stream is refused because all was told', async () => {
    start();
    FakeEventSource.last.accept().send('progress', generating());
    probeResult = 'over';
    FakeEventSource.last.refuse();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connections.at(-1)).toBe('done');
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('asks once nothing was heard for 20 seconds, and opens anew if it missed something', async () => {
    start();
    FakeEventSource.last.accept().send('progress', generating(), 'c1');
    await vi.advanceTimersByTimeAsync(19_000);
    expect(probes).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(probes).toBe(1);
    expect(FakeEventSource.all).toHaveLength(1);
    probeResult = 'behind';
    await vi.advanceTimersByTimeAsync(22_000);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.last.url).toContain('last_event_id=c1');
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('opens anew after a timeout event', async () => {
    start();
    FakeEventSource.last.accept().send('timeout', { error: 'Stream timeout' });
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('comes back at once when the machine is online again', () => {
    start();
    FakeEventSource.last.accept();
    window.dispatchEvent(new Event('offline'));
    expect(connections.at(-1)).toBe('offline');
    window.dispatchEvent(new Event('online'));
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('does not open twice because a page is shown for the first time', () => {
    start();
    window.dispatchEvent(new Event('pageshow'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('leaves no connection and no timer behind', async () => {
    const stream = start();
    FakeEventSource.last.accept();
    stream.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    window.dispatchEvent(new Event('online'));
    expect(FakeEventSource.open).toHaveLength(0);
    expect(probes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
