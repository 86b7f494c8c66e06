import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api_error';
import type { Connection } from '../src/connection';
import { defaultHub, setDefaultHub } from '../src/defaults';
import type { Follower, Lobby, Place, ProbeResult, Wishes } from '../src/follower';
import type { WhenHidden } from '../src/shared_stream';
import type { StreamEvent } from '../src/stream_events';
import type { StreamEnd } from '../src/transport';
import { WatchHub } from '../src/watch_hub';
import { FakeEventSource } from '@support/fake_event_source';
import { complete, failed, generating, queued } from '@support/wire';

const WITH_TEXT: Wishes = { text: true, maxRate: undefined };

/** One who notes what is said to it. */
class Witness implements Follower {
  readonly jobId: string;
  readonly events: StreamEvent[] = [];
  readonly connections: Connection[] = [];
  readonly refusals: { status: number; isFinal: boolean }[] = [];
  probeResult: ProbeResult = 'same';
  probes = 0;
  isAtWork = false;
  place!: Place;

  constructor(jobId: string) {
    this.jobId = jobId;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  get connection(): Connection | undefined {
    return this.connections.at(-1);
  }

  onEvent(event: StreamEvent): void {
    this.events.push(event);
  }

  onConnection(connection: Connection): void {
    this.connections.push(connection);
  }

  onRefused(error: { status: number }, isFinal: boolean): void {
    this.refusals.push({ status: error.status, isFinal });
  }

  isBusy(): boolean {
    return this.isAtWork;
  }

  probe(): Promise<ProbeResult> {
    this.probes += 1;
    return Promise.resolve(this.probeResult);
  }
}

function join(jobId = 'job_1', cursor?: string): Witness {
  const witness = new Witness(jobId);
  witness.place = defaultHub().join(witness, WITH_TEXT, cursor);
  return witness;
}

/** The stream that is open for the job; there must be one. */
const stream = (): FakeEventSource => FakeEventSource.last;
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const about = (jobId: string, fields: object = {}): object =>
  generating({ job_id: jobId, cursor: `c_${jobId}`, ...fields });

function setVisibility(state: 'visible' | 'hidden'): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

function showPage(persisted: boolean): void {
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }));
}

function useHub(whenHidden: WhenHidden): void {
  setDefaultHub(new WatchHub({ transport: FakeEventSource.transport, whenHidden }));
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a connection that is not well', () => {
  it("seed defect 31: a broken connection says nothing about a job; the server's error does", async () => {
    const job = join();
    stream().accept().send('progress', generating());
    stream().break();
    await pass(600);
    stream()
      .accept()
      .send('progress', generating({ sequence: 2 }));
    expect(job.kinds).toEqual(['snapshot', 'snapshot']);
    expect(job.connections).toEqual(['live', 'reconnecting', 'live']);
    stream().send('error', failed());
    expect(job.events.at(-1)).toMatchObject({
      kind: 'ended',
      patch: { state: 'failed', reason: 'MODEL_SERVER_UNREACHABLE' },
    });
    expect(job.connection).toBe('done');
  });

  it.each(['', '{}', 'null', '[]', '<html>502</html>', '{"status":7}', '{"message":"x"}'])(
    'seed defect 31: an error event that says %j says nothing about a job',
    (data) => {
      const job = join();
      stream().accept().send('error', data);
      expect(job.events).toEqual([]);
      expect(FakeEventSource.open).toHaveLength(1);
    },
  );

  it('passes over what is not JSON, has no known name, or is about a job of nobody', () => {
    const job = join();
    stream().accept().send('progress', '<html>502</html>');
    stream().send('text', '[]');
    stream().send('surprise', generating());
    stream().send('progress', about('job_7'));
    stream().send('progress', generating());
    expect(job.kinds).toEqual(['snapshot']);
  });

  it('is live for each job only when something was heard about that job', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    stream().accept().heartbeat();
    expect([one.connections, two.connections]).toEqual([[], []]);
    stream().send('progress', about('job_1'));
    expect([one.connection, two.connection]).toEqual(['live', undefined]);
    stream().break();
    await pass(600);
    stream().accept().send('progress', about('job_2'));
    expect([one.connection, two.connection]).toEqual(['reconnecting', 'live']);
  });

  it('goes on from the cursors of the payloads, those of texts included', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    stream()
      .accept()
      .send('progress', about('job_1', { cursor: 'a 1+' }));
    stream().send('progress', about('job_2', { cursor: 'b1' }));
    stream().text(0, 'Hello', 'answer', 1, 'job_2');
    stream().break();
    await pass(600);
    expect(stream().asked('job_id').sort()).toEqual(['job_1', 'job_2']);
    expect(stream().asked('cursor').sort()).toEqual(['a 1+', 't5']);
    expect([one.place.cursor, two.place.cursor]).toEqual(['a 1+', 't5']);
  });

  it('does not move its cursor over an event that it could not read', () => {
    const job = join();
    stream()
      .accept()
      .send('progress', generating({ cursor: 'c1' }));
    stream().send('text', { job_id: 'job_1', text: 'no offsets', cursor: 'c2' });
    expect(job.place.cursor).toBe('c1');
  });

  it('waits longer each time, and at most 15 seconds', async () => {
    join();
    const gaps: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const before = Date.now();
      const count = FakeEventSource.all.length;
      stream().break();
      while (FakeEventSource.all.length === count) await pass(50);
      gaps.push(Date.now() - before);
    }
    expect(gaps[0]).toBeLessThanOrEqual(550);
    expect(gaps[3]).toBeGreaterThan(gaps[0]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15_050);
    expect(gaps.at(-1)).toBeGreaterThan(11_000);
  });

  it('resumes a stream that the server has ended without anybody noticing', async () => {
    const job = join();
    stream().accept().send('progress', generating());
    for (let i = 0; i < 36; i += 1) {
      await pass(15_000);
      stream().heartbeat();
    }
    stream().end({ kind: 'closed' });
    await pass(600);
    expect(FakeEventSource.open).toHaveLength(1);
    stream()
      .accept()
      .send('progress', generating({ sequence: 2 }));
    await pass(5_000);
    expect(job.connections).toEqual(['live']);
  });

  it('does tell where the resume takes its time', async () => {
    const job = join();
    stream().accept().send('progress', generating());
    stream().end({ kind: 'closed' });
    await pass(2_500);
    expect(job.connections).toEqual(['live', 'reconnecting']);
  });

  it('waits as long as the server asks', async () => {
    join();
    stream().accept().send('progress', generating());
    FakeEventSource.last.askToWait(4_000);
    stream().break();
    await pass(3_900);
    expect(FakeEventSource.all).toHaveLength(1);
    await pass(200);
    expect(FakeEventSource.all).toHaveLength(2);
  });

  it('is stale once the server has been silent for longer than it ever is, and opens anew', async () => {
    const job = join();
    stream().accept().send('progress', generating());
    for (let i = 0; i < 4; i += 1) {
      await pass(15_000);
      stream().heartbeat();
    }
    expect(job.connection).toBe('live');
    await pass(22_000);
    expect(job.connection).toBe('stale');
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
    stream()
      .accept()
      .send('progress', generating({ sequence: 2 }));
    expect(job.connection).toBe('live');
  });

  it('gives up on an answer that says nothing but that it is there', async () => {
    const job = join();
    stream().accept();
    for (let i = 0; i < 13; i += 1) {
      await pass(700);
      stream().heartbeat();
    }
    expect(FakeEventSource.all).toHaveLength(1);
    await pass(3_000);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(job.connections).toEqual(['reconnecting']);
  });

  it('opens anew after a timeout event', async () => {
    join();
    stream().accept().send('timeout', { error: 'Stream timeout' });
    await pass(600);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });
});

describe('answers that are no streams', () => {
  it('tries again soon where the server is away, and no sooner than it says', async () => {
    const job = join();
    stream().refuse(503);
    expect(job.refusals).toEqual([{ status: 503, isFinal: false }]);
    expect(job.connection).toBe('reconnecting');
    await pass(600);
    stream().end({ ...refusedWith(429), retryAfterMs: 7_000 });
    await pass(6_900);
    expect(FakeEventSource.all).toHaveLength(2);
    await pass(200);
    expect(FakeEventSource.all).toHaveLength(3);
    stream().accept().send('progress', generating());
    expect(job.kinds).toEqual(['snapshot']);
  });

  it.each([400, 401, 404])('tries again slowly after %i, and fails no job', async (status) => {
    const job = join();
    stream().refuse(status);
    expect(job.refusals).toEqual([{ status, isFinal: true }]);
    await pass(11_000);
    expect(FakeEventSource.all).toHaveLength(1);
    await pass(5_000);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(job.events).toEqual([]);
  });

  it('is done where the server says that everything was seen', async () => {
    const job = join();
    stream().accept().send('progress', generating());
    stream().break();
    await pass(600);
    job.probeResult = 'over';
    stream().end({ kind: 'over' });
    await pass(60_000);
    expect(job.connection).toBe('done');
    expect(FakeEventSource.all).toHaveLength(2);
  });

  it('tells an unknown job from a failed one, and others go on', () => {
    const [one, two] = [join('job_1'), join('job_2')];
    stream().accept().send('progress', about('job_1'));
    stream().send('error', { job_id: 'job_2', error: 'Job not found', cursor: 'c' });
    expect(two.kinds).toEqual(['missing']);
    expect(two.connection).toBe('done');
    expect(one.connection).toBe('live');
    expect(FakeEventSource.open).toHaveLength(1);
  });
});

describe('silence about a job on a connection that lives', () => {
  async function silence(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await pass(1_000);
      stream().heartbeat();
    }
  }

  it('asks after 5 seconds of a job at work, and after 20 of one that waits', async () => {
    const [busy, calm] = [join('job_1'), join('job_2')];
    busy.isAtWork = true;
    stream().accept().send('progress', about('job_1'));
    stream().send('progress', queued({ job_id: 'job_2' }));
    await silence(4_000);
    expect([busy.probes, calm.probes]).toEqual([0, 0]);
    await silence(3_000);
    expect([busy.probes, calm.probes]).toEqual([1, 0]);
    await silence(16_000);
    expect(calm.probes).toBe(1);
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('gives the stream time to catch up with an answer that overtook it', async () => {
    const job = join();
    job.isAtWork = true;
    stream().accept().send('progress', generating());
    job.probeResult = 'behind';
    await silence(6_000);
    expect(job.probes).toBe(1);
    stream().send('progress', generating({ sequence: 2 }));
    await silence(4_000);
    expect(FakeEventSource.all).toHaveLength(1);
    expect(job.connections).toEqual(['live']);
  });

  it('opens anew where the stream does not catch up; the others do not notice', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    one.isAtWork = true;
    stream()
      .accept()
      .send('progress', about('job_1', { cursor: 'c1' }));
    stream().send('progress', about('job_2'));
    one.probeResult = 'behind';
    while (FakeEventSource.all.length === 1) await silence(1_000);
    expect(one.connection).toBe('reconnecting');
    expect(stream().asked('cursor')).toContain('c1');
    stream()
      .accept()
      .send('progress', about('job_2', { sequence: 2 }));
    expect(two.connections).toEqual(['live']);
  });

  it('opens anew where nobody answers', async () => {
    const job = join();
    job.isAtWork = true;
    stream().accept().send('progress', generating());
    job.probeResult = 'failed';
    while (FakeEventSource.all.length === 1) await silence(1_000);
    expect(job.connection).toBe('reconnecting');
  });

  it('calls one job stale while others are told of', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    one.isAtWork = true;
    stream().accept().send('progress', about('job_1'));
    one.probeResult = 'failed';
    for (let i = 0; i < 9; i += 1) {
      await silence(1_000);
      stream().send('progress', about('job_2', { sequence: i + 2 }));
    }
    expect(one.connection).toBe('stale');
    expect(two.connections).toEqual(['live']);
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('learns that a job is gone', async () => {
    const job = join();
    stream().accept().send('progress', queued());
    job.probeResult = 'missing';
    await silence(22_000);
    expect(job.kinds).toEqual(['snapshot', 'missing']);
    expect(job.connection).toBe('done');
    expect(FakeEventSource.open).toHaveLength(0);
  });
});

describe('a set of jobs that changes', () => {
  it('seed defect 34: who joins in one moment joins with one request', async () => {
    for (let i = 0; i < 30; i += 1) join(`job_${i}`);
    await pass(50);
    expect(FakeEventSource.all).toHaveLength(1);
    expect(stream().asked('job_id')).toHaveLength(30);
  });

  it('opens anew for who comes later, from where the others stand, and they stay live', async () => {
    const one = join('job_1');
    stream()
      .accept()
      .send('progress', about('job_1', { cursor: 'c1' }));
    const two = join('job_2');
    await pass(50);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
    expect(stream().asked('cursor')).toEqual(['c1']);
    stream().accept().send('progress', about('job_2'));
    stream().send('progress', about('job_1', { sequence: 2 }));
    await pass(3_000);
    expect(one.connections).toEqual(['live']);
    expect(two.connections).toEqual(['live']);
  });

  it('asks for less when a job has left, and not at all when it has ended', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    join('job_3');
    stream().accept().send('progress', about('job_1'));
    stream().send('complete', complete({ job_id: 'job_2' }));
    expect(two.connection).toBe('done');
    await pass(3_000);
    expect(FakeEventSource.all).toHaveLength(1);
    one.place.leave();
    stream().send('progress', about('job_1', { sequence: 9 }));
    await pass(1_100);
    expect(one.kinds).toEqual(['snapshot']);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(stream().asked('job_id')).toEqual(['job_3']);
  });

  it('takes another connection for the 51st job', async () => {
    for (let i = 0; i < 51; i += 1) join(`job_${i}`);
    await pass(50);
    expect(FakeEventSource.open.map((open) => open.asked('job_id').length)).toEqual([50, 1]);
  });

  it('takes another connection for a job that is watched twice, or with other wishes', async () => {
    join('job_1');
    join('job_1');
    defaultHub().join(new Witness('job_2'), { text: false, maxRate: 2 });
    await pass(50);
    expect(FakeEventSource.open.map(({ url }) => url.split('?')[1])).toEqual([
      'job_id=job_1&text=true',
      'job_id=job_1&text=true',
      'job_id=job_2&max_rate=2',
    ]);
  });

  it('begins where a job is known to stand', () => {
    join('job_1', 'c7');
    expect(stream().asked('cursor')).toEqual(['c7']);
  });

  it('gives a job from the start again, without harm to the others', async () => {
    const [one, two] = [join('job_1'), join('job_2')];
    stream().accept().send('progress', about('job_1'));
    stream().send('progress', about('job_2'));
    one.place.restart();
    await pass(600);
    expect(stream().asked('cursor')).toEqual(['c_job_2']);
    expect(two.connections).toEqual(['live']);
  });

  it('leaves no connection and no timer behind', async () => {
    const jobs = [join('job_1'), join('job_2')];
    stream().accept().send('progress', about('job_1'));
    for (const job of jobs) job.place.leave();
    expect(FakeEventSource.open).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
    window.dispatchEvent(new Event('online'));
    await pass(60_000);
    expect(FakeEventSource.all).toHaveLength(1);
  });
});

describe('all jobs of the caller', () => {
  let followers: Witness[];
  let connections: Connection[];

  function joinMine(): () => void {
    const lobby: Lobby = {
      onNewcomer: (jobId) => {
        const witness = new Witness(jobId);
        followers.push(witness);
        return witness;
      },
      onConnection: (connection) => connections.push(connection),
      onRefused: () => undefined,
    };
    return defaultHub().joinMine(lobby, WITH_TEXT);
  }

  beforeEach(() => {
    followers = [];
    connections = [];
  });

  it('join as they come, and are named with their cursors when it reconnects', async () => {
    const leave = joinMine();
    await pass(50);
    expect(stream().url).toBe('/api/v1/ai/generation/progress?mine=active&text=true');
    stream().accept();
    expect(connections).toEqual(['live']);
    stream().send('progress', about('job_1'));
    stream().send('progress', about('job_2'));
    stream().send('complete', complete({ job_id: 'job_1' }));
    expect(followers.map(({ kinds }) => kinds)).toEqual([['snapshot', 'ended'], ['snapshot']]);
    stream().break();
    expect(connections).toEqual(['live', 'reconnecting']);
    await pass(600);
    expect(stream().asked('mine')).toEqual(['active']);
    expect(stream().asked('job_id')).toEqual(['job_2']);
    expect(stream().asked('cursor')).toEqual(['c_job_2']);
    leave();
    expect(FakeEventSource.open).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may be none for as long as it takes', async () => {
    joinMine();
    await pass(50);
    stream().accept();
    for (let i = 0; i < 10; i += 1) {
      await pass(15_000);
      stream().heartbeat();
    }
    expect(FakeEventSource.all).toHaveLength(1);
    expect(connections).toEqual(['live']);
  });

  it('are all found after an outage, also more than one request may name', async () => {
    joinMine();
    await pass(50);
    stream().accept();
    for (let i = 0; i < 60; i += 1) stream().send('progress', about(`job_${i}`));
    stream().break();
    await pass(600);
    expect(stream().asked('job_id')).toHaveLength(50);
    expect(stream().asked('cursor')).toHaveLength(60);
    // Those that were named have all ended meanwhile; nothing is said about the others.
    const named = new Set(stream().asked('job_id'));
    const unnamed = followers.filter(({ jobId }) => !named.has(jobId));
    for (const jobId of named) stream().send('complete', complete({ job_id: jobId }));
    for (const follower of unnamed) follower.probeResult = 'behind';
    while (FakeEventSource.all.length < 3) {
      await pass(1_000);
      stream().heartbeat();
    }
    expect(stream().asked('job_id').sort()).toEqual(unnamed.map(({ jobId }) => jobId).sort());
  });
});

describe('the page around', () => {
  it('is back at once when the machine is online again', () => {
    const job = join();
    stream().accept().send('progress', generating());
    window.dispatchEvent(new Event('offline'));
    expect(job.connection).toBe('offline');
    window.dispatchEvent(new Event('online'));
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('calls a lost connection offline where the machine has no network', async () => {
    const job = join();
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    stream().break();
    expect(job.connection).toBe('offline');
    // The machine may be wrong.
    await pass(600);
    stream().accept().send('progress', generating());
    expect(job.connection).toBe('live');
  });

  it('opens anew when it comes back from the page cache', () => {
    join();
    stream().accept().send('progress', generating());
    showPage(true);
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('does not open twice because it is shown for the first time', async () => {
    join();
    stream().accept().send('progress', generating());
    showPage(false);
    setVisibility('visible');
    await pass(50);
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('does not wait out its backoff when it is shown', async () => {
    join();
    for (let i = 0; i < 6; i += 1) {
      stream().break();
      await pass(12_000);
    }
    const count = FakeEventSource.all.length;
    stream().break();
    setVisibility('visible');
    expect(FakeEventSource.all).toHaveLength(count + 1);
  });

  it('goes on while it is hidden, with one update a second, and at full speed when it is shown', async () => {
    const job = join();
    stream().accept().send('progress', generating());
    setVisibility('hidden');
    await pass(15_000);
    stream().heartbeat();
    expect(stream().asked('max_rate')).toEqual([]);
    await pass(15_100);
    expect(stream().asked('max_rate')).toEqual(['1']);
    stream()
      .accept()
      .send('progress', generating({ sequence: 2 }));
    setVisibility('visible');
    expect(stream().asked('max_rate')).toEqual([]);
    stream().accept().send('complete', complete());
    expect(job.connections).toEqual(['live', 'done']);
  });

  it('does not change connections because it was hidden for a moment', async () => {
    join();
    stream().accept().send('progress', generating());
    setVisibility('hidden');
    await pass(10_000);
    setVisibility('visible');
    await pass(10_000);
    stream().heartbeat();
    await pass(15_000);
    expect(FakeEventSource.all).toHaveLength(1);
  });

  it('may keep its speed while it is hidden, or close', async () => {
    useHub('live');
    join();
    stream().accept().send('progress', generating());
    setVisibility('hidden');
    for (let i = 0; i < 3; i += 1) {
      await pass(15_000);
      stream().heartbeat();
    }
    expect(FakeEventSource.all).toHaveLength(1);

    useHub('close');
    const job = join();
    stream()
      .accept()
      .send('progress', generating({ cursor: 'c5' }));
    setVisibility('hidden');
    await pass(15_000);
    stream().heartbeat();
    await pass(600_000);
    expect(FakeEventSource.open).toHaveLength(0);
    expect(job.connection).toBe('stale');
    setVisibility('visible');
    expect(stream().asked('cursor')).toEqual(['c5']);
    expect(FakeEventSource.open).toHaveLength(1);
  });

  it('notices when shown that it slept', async () => {
    join();
    stream().accept().send('progress', generating());
    // A machine that sleeps runs no timers.
    vi.setSystemTime(Date.now() + 600_000);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 600_000);
    setVisibility('visible');
    await pass(0);
    expect(FakeEventSource.all).toHaveLength(2);
  });
});

function refusedWith(status: number): StreamEnd & { kind: 'refused' } {
  return {
    kind: 'refused',
    error: new ApiError('refused', status),
    final: false,
    retryAfterMs: null,
  };
}
