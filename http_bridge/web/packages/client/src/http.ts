import { ApiError, parseApiError } from './api_error';
import type { JsonObject } from './decode';
import { parseObject } from './decode';

/** Longer than any answer of a healthy server; a dead one is told sooner by the browser. */
const TIMEOUT_MS = 15_000;

type HeaderFields = Readonly<Record<string, string>>;

export interface RequesterOptions {
  /** Of the server, `https://jobs.example`, with or without a path. Default: the page's own. */
  readonly baseUrl?: string;
  /** Default: the global one, as it is when a request is made. */
  readonly fetch?: typeof fetch;
  /** Sent with each request; a function is asked each time, so that it can give a fresh token. */
  readonly headers?: HeaderFields | (() => HeaderFields | Promise<HeaderFields>);
}

interface RequestSpec extends Omit<RequestInit, 'headers'> {
  readonly headers: HeaderFields;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Makes requests to one server. */
export class Requester {
  readonly baseUrl: string;
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions = {}) {
    this.baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
    this.#options = options;
  }

  fetch(input: RequestInfo, init?: RequestInit): Promise<Response> {
    const send = this.#options.fetch ?? globalThis.fetch;
    return send(input, init);
  }

  /** Those of each request. */
  async headers(): Promise<HeaderFields> {
    const { headers } = this.#options;
    return (typeof headers === 'function' ? await headers() : headers) ?? {};
  }

  /** Rejects where no answer came. `path` begins with a slash. */
  async send(path: string, init: RequestSpec): Promise<Response> {
    const headers = { ...(await this.headers()), ...init.headers };
    return this.fetch(this.baseUrl + path, { ...init, headers });
  }

  /** Answers the JSON. Throws ApiError; where the caller's signal aborts, its reason. */
  async json(
    method: string,
    path: string,
    body?: JsonObject,
    { signal }: CallOptions = {},
  ): Promise<JsonObject> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    let response: Response;
    let text: string;
    try {
      response = await this.send(path, {
        method,
        headers: {
          Accept: 'application/json',
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = await response.text();
    } catch {
      signal?.throwIfAborted();
      throw parseApiError(0, '');
    }
    if (!response.ok) throw parseApiError(response.status, text);
    const json = parseObject(text);
    if (json === undefined) {
      throw new ApiError(
        'The server answered with something else than was asked.',
        response.status,
      );
    }
    return json;
  }
}
