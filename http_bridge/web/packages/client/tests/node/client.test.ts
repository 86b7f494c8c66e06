// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GenwatchClient } from '../../src/client';
import { createClient } from '../../src/client';
import type { WatchUpdate } from '../../src/watch_updates';
import { StreamServer } from './stream_server';

const TEXT = 'The sky is blue 🌍 because of the air.\r\n\r\nevent: complete\n'.repeat(40);

let server: StreamServer;
let client: GenwatchClient;

beforeEach(async () => {
  server = await StreamServer.start();
  server.add({ jobId: 'job_1', text: TEXT, pieceBytes: 33 });
  client = createClient({ baseUrl: server.url });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

const cut = (cutAfter: number): (typeof server.fates)[0] => ({
  cutAfter,
  chunkSize: () => 97,
  lineEnd: '\n',
});

/** The texts by job, as somebody has them who does what the updates say. */
class Texts {
  readonly #bytes = new Map<string, Buffer>();

  take(update: WatchUpdate): void {
    const held = this.#bytes.get(update.jobId) ?? Buffer.alloc(0);
    if (update.kind === 'text') {
      expect(update.offset).toBe(held.length);
      this.#bytes.set(update.jobId, Buffer.concat([held, Buffer.from(update.text)]));
    } else if (update.kind === 'reset') {
      this.#bytes.set(update.jobId, held.subarray(0, update.offset));
    }
  }

  of(jobId: string): string {
    return this.#bytes.get(jobId)?.toString() ?? '';
  }
}

describe('watching in a loop', () => {
  it('tells all of the text and then the end, through connections that break', async () => {
    server.fates = [cut(3000), cut(1500), cut(Infinity)];
    const texts = new Texts();
    const kinds = new Set<string>();
    let last: WatchUpdate | undefined;
    for await (const update of client.watch('job_1')) {
      texts.take(update);
      kinds.add(update.kind);
      last = update;
    }
    expect(texts.of('job_1')).toBe(TEXT);
    expect([...kinds].sort()).toEqual(['connection', 'ended', 'progress', 'text']);
    expect(last).toMatchObject({ kind: 'ended', view: { state: 'completed', totalTokens: 7 } });
    expect(server.streams).toHaveLength(3);
  });

  it('tells a slow listener less often, and no less text', async () => {
    let updates = 0;
    const texts = new Texts();
    for await (const update of client.watch('job_1')) {
      updates += 1;
      texts.take(update);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(texts.of('job_1')).toBe(TEXT);
    expect(updates).toBeLessThan(20);
  });

  it('goes on in another process from the last cursor', async () => {
    server.fates = [cut(Infinity)];
    const texts = new Texts();
    let lastCursor = '';
    while (lastCursor === '' || texts.of('job_1').length < TEXT.length / 3) {
      const options = lastCursor === '' ? {} : { lastCursor };
      for await (const update of createClient({ baseUrl: server.url }).watch('job_1', options)) {
        texts.take(update);
        if (update.cursor !== undefined) lastCursor = update.cursor;
        // Killed in the middle.
        if (update.kind === 'text' && update.cursor !== undefined) break;
      }
    }
    const before = texts.of('job_1').length;
    for await (const update of client.watch('job_1', { lastCursor })) texts.take(update);
    expect(texts.of('job_1')).toBe(TEXT);
    expect(before).toBeGreaterThan(0);
    const resumed = server.streams.at(-1)!.searchParams.get('cursor');
    expect(Number(resumed?.split('.')[1])).toBeGreaterThan(0);
  });

  it('tells nothing twice to who has seen the end', async () => {
    server.answer = (request, response) => {
      if (request.url?.includes('/status') === true) {
        const job = { status: 'completed', state: 'completed', version: 3 };
        response.writeHead(200).end(JSON.stringify({ success: true, job }));
      } else response.writeHead(204).end();
    };
    const updates: WatchUpdate[] = [];
    for await (const update of client.watch('job_1', { lastCursor: 'job_1.9.e' }))
      updates.push(update);
    expect(updates.map(({ kind }) => kind)).not.toContain('text');
    expect(updates.at(-1)).toMatchObject({ kind: 'ended', view: { state: 'completed' } });
  });

  it('ends by its signal, and leaves no connection', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const loop = async (): Promise<void> => {
      // This stream stays open when all has been told.
      for await (const update of client.watchMine({ signal: controller.signal })) {
        if (update.kind === 'text') controller.abort(reason);
      }
    };
    await expect(loop()).rejects.toBe(reason);
    await vi.waitFor(() => {
      expect(server.open).toBe(0);
    });
    const count = server.requests.length;
    await expect(loop()).rejects.toBe(reason);
    expect(server.requests).toHaveLength(count);
  });

  it('ends by its signal while nothing comes', async () => {
    server.answer = () => undefined;
    const updates = client.watch('job_1', { signal: AbortSignal.timeout(50) });
    await expect(updates[Symbol.asyncIterator]().next()).rejects.toThrow(/timeout/i);
  });

  it('throws where the server refuses for good, and waits where it is away', async () => {
    server.answer = (_request, response) => {
      response.writeHead(401).end(JSON.stringify({ error: 'Sign in.', code: 'UNAUTHENTICATED' }));
    };
    await expect(client.finished('job_1')).rejects.toMatchObject({
      status: 401,
      reason: 'UNAUTHENTICATED',
    });
    const mine = client.watchMine()[Symbol.asyncIterator]();
    await expect(mine.next()).rejects.toMatchObject({ status: 401 });
    let refusals = 2;
    server.answer = (_request, response) => {
      refusals -= 1;
      response.writeHead(503).end();
      if (refusals === 0) server.answer = null;
    };
    const { last, answer } = await client.finished('job_1');
    expect(last.kind).toBe('ended');
    expect(answer).toBe(TEXT);
  });

  it('tells that there is no such job', async () => {
    const { last } = await client.finished('job_7');
    expect(last).toMatchObject({ kind: 'missing', jobId: 'job_7' });
  });

  it('tells of many jobs on one connection, and ends with the last of them', async () => {
    server.add({ jobId: 'job_2', text: 'short', pieceBytes: 2 });
    const texts = new Texts();
    const ends: string[] = [];
    for await (const update of client.watchMany(['job_1', 'job_2', 'job_3', 'job_1'])) {
      texts.take(update);
      if (update.kind === 'ended' || update.kind === 'missing') ends.push(update.jobId);
    }
    expect(ends.sort()).toEqual(['job_1', 'job_2', 'job_3']);
    expect([texts.of('job_1'), texts.of('job_2')]).toEqual([TEXT, 'short']);
    expect(server.streams).toHaveLength(1);
  });

  it('ends at once where it is about no job', async () => {
    const updates: WatchUpdate[] = [];
    for await (const update of client.watchMany([])) updates.push(update);
    expect(updates).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it('tells of all jobs of the caller as they come', async () => {
    server.add({ jobId: 'job_2', text: 'short', pieceBytes: 2 });
    server.fates = [cut(4000), cut(Infinity)];
    const texts = new Texts();
    const ends = new Set<string>();
    for await (const update of client.watchMine()) {
      texts.take(update);
      if (update.kind === 'ended') ends.add(update.jobId);
      if (ends.size === 2) break;
    }
    expect([texts.of('job_1'), texts.of('job_2')]).toEqual([TEXT, 'short']);
    expect(server.streams[0]!.search).toBe('?mine=active&text=true');
    expect(server.streams[1]!.searchParams.getAll('cursor').length).toBeGreaterThan(0);
  });
});

describe('watching by callbacks', () => {
  it('tells the same', async () => {
    server.fates = [cut(3000), cut(Infinity)];
    const texts = new Texts();
    await new Promise<void>((resolve, reject) => {
      client.watch('job_1').subscribe({
        next: (update) => {
          texts.take(update);
        },
        error: reject,
        complete: resolve,
      });
    });
    expect(texts.of('job_1')).toBe(TEXT);
  });

  it('tells nothing after it was stopped', async () => {
    let updates = 0;
    const stop = client.watch('job_1').subscribe({
      next: () => {
        updates += 1;
        stop();
      },
    });
    await vi.waitFor(() => {
      expect(updates).toBe(1);
      expect(server.open).toBe(0);
    });
    // Whoever is told all of the same meanwhile takes longer than what was under way.
    for await (const update of createClient({ baseUrl: server.url }).watch('job_1')) void update;
    expect(updates).toBe(1);
  });

  it('tells a refusal', async () => {
    server.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>A page');
    };
    const error = await new Promise((resolve) => {
      client.watch('job_1').subscribe({ next: () => undefined, error: resolve });
    });
    expect(error).toMatchObject({ name: 'ApiError', status: 200 });
  });
});

describe('plain requests', () => {
  it('are typed, and carry the headers of the client', async () => {
    const seen: (string | undefined)[] = [];
    server.answer = (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(202, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ success: true, data: { job: { job_id: 'job_9' } } }));
    };
    let token = 0;
    client = createClient({
      baseUrl: `${server.url}/`,
      headers: () => {
        token += 1;
        return Promise.resolve({ Authorization: `Bearer ${token}` });
      },
    });
    expect(await client.submit({ prompt: 'Why?', priority: 'high' })).toBe('job_9');
    const { data } = await client.rest.GET('/api/v1/ai/generation/{job_id}/status', {
      params: { path: { job_id: 'job 9' } },
    });
    expect(data?.success).toBe(true);
    expect(seen).toEqual(['Bearer 1', 'Bearer 2']);
    expect(server.requests.map(({ pathname }) => pathname)).toEqual([
      '/api/v1/ai/generate',
      '/api/v1/ai/generation/job%209/status',
    ]);
  });

  it('say what was wrong', async () => {
    server.answer = (_request, response) => {
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({ success: false, error: 'No prompt.', code: 'INVALID_REQUEST' }),
      );
    };
    await expect(client.submit({})).rejects.toMatchObject({
      message: 'No prompt.',
      status: 400,
      reason: 'INVALID_REQUEST',
    });
    const { error, response } = await client.rest.GET('/api/v1/models');
    expect(response.status).toBe(400);
    expect(error).toMatchObject({ error: 'No prompt.' });
  });

  it('end by their signal', async () => {
    server.answer = () => undefined;
    const signal = AbortSignal.timeout(50);
    await expect(client.status('job_1', { signal })).rejects.toThrow(/timeout/i);
  });

  it('need to be told where the server is, where there is no page', () => {
    expect(() => createClient()).toThrow(TypeError);
  });
});
