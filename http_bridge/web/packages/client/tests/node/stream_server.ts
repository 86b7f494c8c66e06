import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one connection. */
export interface Fate {
  /** Cuts the connection after so many bytes of the stream; Infinity: never. */
  readonly cutAfter: number;
  /** How many bytes are written at a time. */
  readonly chunkSize: () => number;
  readonly lineEnd: '\n' | '\r\n' | '\r';
}

/** A job whose text, of one channel, is there from the start and is told in pieces. */
export interface ScriptedJob {
  readonly jobId: string;
  readonly text: string;
  readonly pieceBytes: number;
}

const encoder = new TextEncoder();
// A byte order mark inside a text is text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Speaks as the bridge does on its route of several jobs, over real sockets, and cuts connections
 * wherever it is told to. A cursor is `<job id>.<bytes of text>` with `.e` at the end.
 */
export class StreamServer {
  readonly requests: URL[] = [];
  /** Of the connections, in order; the last one stands for all that follow. */
  fates: Fate[] = [{ cutAfter: Infinity, chunkSize: () => 1 << 16, lineEnd: '\n' }];
  /** Replaces the stream of jobs. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  /** Answers that have not ended, by either side. */
  open = 0;
  readonly #jobs = new Map<string, ScriptedJob>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(new URL(request.url ?? '/', 'http://server'));
      this.open += 1;
      response.on('close', () => {
        this.open -= 1;
      });
      if (this.answer !== null) this.answer(request, response);
      else void this.#stream(this.requests.at(-1)!, response);
    });
  }

  static async start(): Promise<StreamServer> {
    const server = new StreamServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get streams(): URL[] {
    return this.requests.filter(({ pathname }) => pathname.endsWith('/progress'));
  }

  add(job: ScriptedJob): void {
    this.#jobs.set(job.jobId, job);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #stream(url: URL, response: ServerResponse): Promise<void> {
    const fate = this.fates.length > 1 ? this.fates.shift()! : this.fates[0]!;
    const cursors = new Map(
      url.searchParams.getAll('cursor').map((cursor) => {
        const [jobId = '', bytes = '0', end] = cursor.split('.');
        return [jobId, { bytes: Number(bytes), isEnd: end === 'e' }];
      }),
    );
    const jobs = url.searchParams.getAll('job_id').filter((id) => cursors.get(id)?.isEnd !== true);
    const isMine = url.searchParams.get('mine') === 'active';
    for (const jobId of isMine ? this.#jobs.keys() : [])
      if (!jobs.includes(jobId)) jobs.push(jobId);
    if (jobs.length === 0) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const frames = jobs.map((jobId) => this.#framesOf(jobId, cursors.get(jobId)?.bytes ?? 0));
    const lines = [': ok', '', 'retry: 5', '', ...interleave(frames)].join('\n');
    const bytes = encoder.encode(lines.replaceAll('\n', fate.lineEnd));
    for (let at = 0; at < bytes.length && !response.destroyed;) {
      const end = Math.min(at + fate.chunkSize(), fate.cutAfter, bytes.length);
      if (end > at) response.write(bytes.subarray(at, end));
      at = end;
      await new Promise((resolve) => setImmediate(resolve));
      if (at >= fate.cutAfter) {
        response.destroy();
        return;
      }
    }
    if (!isMine) response.end();
  }

  #framesOf(jobId: string, from: number): string[] {
    const job = this.#jobs.get(jobId);
    const frame = (event: string, data: object): string =>
      `event: ${event}\ndata: ${JSON.stringify({ job_id: jobId, ...data })}\n\n`;
    if (job === undefined) {
      return [frame('error', { error: 'Job not found', cursor: `${jobId}.0.e` })];
    }
    const bytes = encoder.encode(job.text);
    const frames = [
      frame('progress', {
        status: 'processing',
        state: 'processing',
        phase: 'generating',
        attempt: 1,
        version: 2,
        sequence: 1,
        cursor: `${jobId}.${from}`,
      }),
    ];
    for (let at = from; at < bytes.length;) {
      let end = Math.min(bytes.length, at + job.pieceBytes);
      while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end += 1;
      frames.push(
        frame('text', {
          attempt: 1,
          channel: 'answer',
          text_offset: at,
          text_end: end,
          text: decoder.decode(bytes.subarray(at, end)),
          cursor: `${jobId}.${end}`,
        }),
      );
      at = end;
    }
    const cursor = `${jobId}.${bytes.length}.e`;
    const last = { status: 'completed', state: 'completed', version: 3, total_tokens: 7, cursor };
    return [...frames, frame('complete', last)];
  }
}

/** One of each in turn. */
function interleave(lists: readonly string[][]): string[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}
