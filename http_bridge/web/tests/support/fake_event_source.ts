import type { EventTransport, StreamEnd, StreamHandlers } from '@genwatch/client';
import { ApiError, defaultHub } from '@genwatch/client';

/** A stream of the page whose server is the test. */
export class FakeEventSource {
  static readonly #opened: FakeEventSource[] = [];

  static readonly transport: EventTransport = (path, handlers) => {
    const stream = new FakeEventSource(path, handlers);
    FakeEventSource.#opened.push(stream);
    return () => {
      stream.isOpen = false;
    };
  };

  readonly url: string;
  isOpen = true;
  readonly #handlers: StreamHandlers;

  private constructor(url: string, handlers: StreamHandlers) {
    this.url = url;
    this.#handlers = handlers;
  }

  static forgetAll(): void {
    FakeEventSource.#opened.length = 0;
  }

  static get all(): readonly FakeEventSource[] {
    defaultHub().flush();
    return FakeEventSource.#opened;
  }

  /** Those that hold a connection now. */
  static get open(): FakeEventSource[] {
    return FakeEventSource.all.filter((stream) => stream.isOpen);
  }

  static get last(): FakeEventSource {
    const stream = FakeEventSource.all.at(-1);
    if (stream === undefined) throw new Error('nothing was opened');
    return stream;
  }

  /** The values of a parameter of the request. */
  asked(name: string): string[] {
    return new URL(this.url, 'http://page').searchParams.getAll(name);
  }

  accept(): this {
    if (this.isOpen) this.#handlers.onOpen();
    return this;
  }

  /** One event of the server, with a cursor if one is given. */
  send(name: string, data: unknown, cursor?: string): void {
    const payload = cursor === undefined ? data : { ...(data as object), cursor };
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    if (this.isOpen) this.#handlers.onEvent(name, text);
  }

  /** A piece of text, of the first job that was asked for if none is named. */
  text(
    offset: number,
    text: string,
    channel = 'answer',
    attempt = 1,
    jobId = this.asked('job_id')[0],
  ): void {
    const end = offset + new TextEncoder().encode(text).length;
    this.send(
      'text',
      { job_id: jobId, attempt, channel, text_offset: offset, text_end: end, text },
      `t${end}`,
    );
  }

  /** A comment. */
  heartbeat(): void {
    if (this.isOpen) this.#handlers.onSign();
  }

  /** The server asks to wait so many ms before a resume. */
  askToWait(milliseconds: number): void {
    if (this.isOpen) this.#handlers.onRetry(milliseconds);
  }

  /** The connection breaks. */
  break(): void {
    this.end({ kind: 'broken' });
  }

  /** The answer is not a stream. */
  refuse(status = 503): void {
    const error = new ApiError('refused', status);
    this.end({ kind: 'refused', error, final: status < 500, retryAfterMs: null });
  }

  end(end: StreamEnd): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#handlers.onEnd(end);
  }
}
