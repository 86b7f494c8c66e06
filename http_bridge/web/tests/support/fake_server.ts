import { vi } from 'vitest';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answer = { readonly status?: number; readonly body: unknown } | 'unreachable';
type Handler = (seen: Seen) => Answer;

/** Answers `fetch`. Routes are "METHOD /path" without the query; what has none is 404. */
export class FakeServer {
  readonly seen: Seen[] = [];
  readonly #routes = new Map<string, Handler>();

  constructor() {
    vi.stubGlobal('fetch', (input: string, init?: RequestInit) => this.#answer(input, init));
  }

  on(route: string, answer: Answer | Handler): this {
    this.#routes.set(route, typeof answer === 'function' ? answer : () => answer);
    return this;
  }

  count(route: string): number {
    return this.seen.filter(({ method, path }) => `${method} ${path.split('?')[0] ?? ''}` === route)
      .length;
  }

  #answer(path: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? 'GET';
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const seen = { method, path, body };
    this.seen.push(seen);
    const handler = this.#routes.get(`${method} ${path.split('?')[0] ?? ''}`);
    const answer = handler?.(seen) ?? { status: 404, body: { code: 5, message: 'Not found' } };
    if (answer === 'unreachable') return Promise.reject(new TypeError('Failed to fetch'));
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    return Promise.resolve(new Response(text, { status: answer.status ?? 200 }));
  }
}
