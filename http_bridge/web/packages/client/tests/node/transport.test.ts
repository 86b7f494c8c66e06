// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Requester } from '../../src/http';
import { JobWatch } from '../../src/job_watch';
import type { StreamEnd } from '../../src/transport';
import { fetchTransport } from '../../src/transport';
import { WatchHub } from '../../src/watch_hub';
import { StreamServer } from './stream_server';

let server: StreamServer;
let hub: WatchHub;

beforeEach(async () => {
  server = await StreamServer.start();
  const transport = fetchTransport(new Requester({ baseUrl: server.url }));
  hub = new WatchHub({ transport, random: () => 0 });
});

afterEach(async () => {
  hub.close();
  await server.stop();
});

/** Numbers from 0 to below 1, the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function watch(jobId: string): JobWatch {
  const job = new JobWatch(jobId, { hub, fetchStatus: () => Promise.resolve({}) });
  job.start();
  return job;
}

function ended(job: JobWatch): Promise<void> {
  return new Promise((resolve) => {
    job.subscribe(() => {
      if (job.connection === 'done') resolve();
    });
  });
}

/** Opens one stream, and answers all that came of it. */
function readAll(path = '/api/v1/ai/generation/progress?job_id=job_1'): Promise<{
  events: [string, string][];
  signs: number;
  retry: number | null;
  end: StreamEnd;
}> {
  const seen = { events: [] as [string, string][], signs: 0, retry: null as number | null };
  return new Promise((resolve) => {
    fetchTransport(new Requester({ baseUrl: server.url }))(path, {
      onOpen: () => undefined,
      onSign: () => (seen.signs += 1),
      onRetry: (milliseconds) => (seen.retry = milliseconds),
      onEvent: (name, data) => seen.events.push([name, data]),
      onEnd: (end) => {
        resolve({ ...seen, end });
      },
    });
  });
}

function answerWith(
  status: number,
  headers: Record<string, string>,
  body: string | Uint8Array,
): void {
  server.answer = (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}

const EVENT_STREAM = { 'Content-Type': 'text/event-stream' };
const NASTY =
  'Zwölf 🌍 lines\r\n\nevent: complete\rdata: {"status":"failed"}\n\n\u2028\u0000\ufeff 👩‍👩‍👧 end';

describe('a stream over sockets', () => {
  it.each(['\n', '\r\n', '\r'] as const)(
    'is read whatever the chunks, with line ends %j',
    async (lineEnd) => {
      const random = randomFrom(lineEnd.length + lineEnd.charCodeAt(0));
      server.add({ jobId: 'job_1', text: NASTY.repeat(2), pieceBytes: 7 });
      for (let round = 0; round < 5; round += 1) {
        const most = 1 + Math.floor(random() * 40);
        const chunkSize = (): number => 1 + Math.floor(random() * most);
        server.fates = [{ cutAfter: Infinity, chunkSize, lineEnd }];
        const job = watch('job_1');
        await ended(job);
        expect(job.text('answer').text).toBe(NASTY.repeat(2));
        expect(job.view.state).toBe('completed');
      }
    },
    30_000,
  );

  it('that is cut at any byte goes on without a gap or a repeat', async () => {
    const random = randomFrom(7);
    const texts = ['job_1', 'job_2', 'job_3'].map((jobId, i) => {
      const text = `${jobId}: ${NASTY.repeat(12 + i)}`;
      server.add({ jobId, text, pieceBytes: 5 + i });
      return { jobId, text };
    });
    const fates = Array.from({ length: 7 }, () => ({
      cutAfter: 200 + Math.floor(random() * 9000),
      chunkSize: () => 1 + Math.floor(random() * 900),
      lineEnd: '\n' as const,
    }));
    server.fates = [...fates, { cutAfter: Infinity, chunkSize: () => 4096, lineEnd: '\n' }];
    const jobs = texts.map(({ jobId }) => watch(jobId));
    const shown = jobs.map(() => '');
    const takenBack: string[] = [];
    for (const [i, job] of jobs.entries()) {
      job.subscribe(() => {
        const { text } = job.text('answer');
        if (!text.startsWith(shown[i]!)) takenBack.push(`${shown[i]!} > ${text}`);
        shown[i] = text;
      });
    }
    await Promise.all(jobs.map(ended));
    expect(jobs.map((job) => job.text('answer').text)).toEqual(texts.map(({ text }) => text));
    expect(takenBack).toEqual([]);
    expect(server.streams.length).toBeGreaterThan(2);
    expect(server.streams.at(-1)!.searchParams.getAll('cursor').length).toBeGreaterThan(0);
  }, 60_000);

  it('that is opened anew for others goes on without a gap or a repeat', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `job_${i}`);
    for (const jobId of ids)
      server.add({ jobId, text: `${jobId} ${NASTY.repeat(30)}`, pieceBytes: 40 });
    server.fates = [{ cutAfter: Infinity, chunkSize: () => 700, lineEnd: '\n' }];
    const jobs: JobWatch[] = [];
    const ends: Promise<void>[] = [];
    for (const jobId of ids) {
      const job = watch(jobId);
      jobs.push(job);
      ends.push(ended(job));
      if (jobId === 'job_3') jobs[1]!.stop();
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    await Promise.all(ends.filter((_, i) => i !== 1));
    for (const [i, job] of jobs.entries()) {
      if (i !== 1) expect(job.text('answer').text).toBe(`job_${i} ${NASTY.repeat(30)}`);
    }
    // Who stopped goes on from where it was.
    const before = jobs[1]!.text('answer').text;
    const end = ended(jobs[1]!);
    jobs[1]!.start();
    await end;
    expect(jobs[1]!.text('answer').text).toBe(`job_1 ${NASTY.repeat(30)}`);
    expect(jobs[1]!.text('answer').text.startsWith(before)).toBe(true);
  }, 60_000);

  it('shows comments, and how long to wait', async () => {
    answerWith(200, EVENT_STREAM, ': ok\n\nretry: 700\n\n: heartbeat\n\nevent: x\ndata: 1\n\n');
    expect(await readAll()).toEqual({
      events: [['x', '1']],
      signs: 2,
      retry: 700,
      end: { kind: 'closed' },
    });
  });

  it('forgets an event that did not come whole', async () => {
    answerWith(
      200,
      EVENT_STREAM,
      'event: a\ndata: 1\n\nevent: complete\ndata: {"status":"completed"}',
    );
    expect((await readAll()).events).toEqual([['a', '1']]);
  });

  it('survives bytes that are no text, and lines that are no fields', async () => {
    const noise = new Uint8Array([0xff, 0xfe, 0x00, 0x0a, 0xc3, 0x0a, 0x3a, 0x0a]);
    const event = new TextEncoder().encode('nonsense\nid\nretry: soon\n\nevent: a\ndata: ü\n\n');
    answerWith(200, EVENT_STREAM, new Uint8Array([...noise, ...event]));
    expect((await readAll()).events).toEqual([['a', 'ü']]);
  });

  it('gives up on an event that never ends', async () => {
    server.answer = (_request, response) => {
      response.writeHead(200, EVENT_STREAM);
      response.write(`data: ${'x'.repeat(3 << 20)}`);
    };
    expect((await readAll()).end).toEqual({ kind: 'broken' });
  });

  it('is over with 204', async () => {
    answerWith(204, {}, '');
    expect((await readAll()).end).toEqual({ kind: 'over' });
  });

  it.each([
    [400, true],
    [404, true],
    [429, false],
    [503, false],
  ])('tells a refusal with %i from a break', async (status, final) => {
    const body = JSON.stringify({ success: false, error: 'No.', code: 'BECAUSE' });
    answerWith(status, { 'Content-Type': 'application/json', 'Retry-After': '3' }, body);
    expect((await readAll()).end).toMatchObject({
      kind: 'refused',
      error: { message: 'No.', status, reason: 'BECAUSE' },
      final,
      retryAfterMs: 3000,
    });
  });

  it('takes a page for no stream', async () => {
    answerWith(200, { 'Content-Type': 'text/html' }, '<p>Sign in to this network</p>');
    expect((await readAll()).end).toMatchObject({ kind: 'refused', error: { status: 200 } });
  });

  it('is broken where nobody listens', async () => {
    const { url } = server;
    await server.stop();
    const end = await new Promise((resolve) => {
      fetchTransport(new Requester({ baseUrl: url }))('/x', {
        onOpen: () => undefined,
        onSign: () => undefined,
        onRetry: () => undefined,
        onEvent: () => undefined,
        onEnd: resolve,
      });
    });
    expect(end).toEqual({ kind: 'broken' });
    server = await StreamServer.start();
  });

  it('is closed on both sides by who opened it', async () => {
    const gone = new Promise<void>((resolve) => {
      server.answer = (_request, response) => {
        response.on('close', resolve);
        response.writeHead(200, EVENT_STREAM).write(': ok\n\n');
      };
    });
    const heard: string[] = [];
    await new Promise<void>((resolve) => {
      const close = fetchTransport(new Requester({ baseUrl: server.url }))('/x', {
        onOpen: () => heard.push('open'),
        onSign: () => {
          close();
          resolve();
        },
        onRetry: () => undefined,
        onEvent: () => undefined,
        onEnd: () => heard.push('end'),
      });
    });
    await gone;
    expect(heard).toEqual(['open']);
  });
});
