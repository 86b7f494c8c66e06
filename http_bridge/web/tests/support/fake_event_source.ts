import type { EventSourceLike } from '@genwatch/client';

/** An EventSource whose server is the test. */
export class FakeEventSource implements EventSourceLike {
  static readonly all: FakeEventSource[] = [];

  readonly url: string;
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  readonly #listeners = new Map<string, ((event: Event) => void)[]>();
  #lastEventId = '';

  constructor(url: string) {
    this.url = url;
    FakeEventSource.all.push(this);
  }

  /** Those that hold a connection now. */
  static get open(): FakeEventSource[] {
    return FakeEventSource.all.filter((source) => source.readyState !== 2);
  }

  static get last(): FakeEventSource {
    const source = FakeEventSource.all.at(-1);
    if (source === undefined) throw new Error('nothing was opened');
    return source;
  }

  addEventListener(type: string, listener: (event: Event) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.readyState = 2;
  }

  accept(): this {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
    return this;
  }

  /** One event of the server. */
  send(type: string, data: unknown, id?: string): void {
    if (id !== undefined) this.#lastEventId = id;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.#dispatch(new MessageEvent(type, { data: text, lastEventId: this.#lastEventId }));
  }

  text(offset: number, text: string, channel = 'answer', attempt = 1): void {
    const end = offset + new TextEncoder().encode(text).length;
    this.send(
      'text',
      { job_id: 'job_1', attempt, channel, text_offset: offset, text_end: end, text },
      `t${end}`,
    );
  }

  /** The connection breaks; the browser tries again by itself. */
  break(): void {
    this.readyState = 0;
    this.#dispatch(new Event('error'));
  }

  /** The answer is not a stream; the browser gives up. */
  refuse(): void {
    this.readyState = 2;
    this.#dispatch(new Event('error'));
  }

  #dispatch(event: Event): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
  }
}
