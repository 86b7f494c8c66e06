import { createParser } from 'eventsource-parser';
import { ApiError, parseApiError } from './api_error';
import type { Requester } from './http';

/** Why a stream is over. */
export type StreamEnd =
  /** The server ended it as a whole one: resume. */
  | { readonly kind: 'closed' }
  /** Cut off, or there was no answer at all. */
  | { readonly kind: 'broken' }
  /** 204: everything was seen. */
  | { readonly kind: 'over' }
  /** The answer was not a stream. */
  | {
      readonly kind: 'refused';
      readonly error: ApiError;
      /** The same request will be refused again, as far as the answer tells. */
      readonly final: boolean;
      /** ms that the server asks to wait, or null. */
      readonly retryAfterMs: number | null;
    };

export interface StreamHandlers {
  /** The answer is a stream. */
  onOpen(): void;
  onEvent(name: string, data: string): void;
  /** A comment: the server is there. */
  onSign(): void;
  /** The server asks to wait this many ms before a resume. */
  onRetry(milliseconds: number): void;
  /** Once, and nothing after it. */
  onEnd(end: StreamEnd): void;
}

/** Opens a stream under a path of the API. The result closes it: nothing is called afterwards. */
export type EventTransport = (path: string, handlers: StreamHandlers) => () => void;

/** The server cuts texts into pieces of 16 KiB: an event of this many characters is not one of it. */
const MAX_EVENT_CHARS = 1 << 20;

/** Server-sent events over fetch: unlike EventSource it shows comments, statuses and headers. */
export function fetchTransport(requester: Requester): EventTransport {
  return (path, handlers) => {
    const controller = new AbortController();
    const { signal } = controller;
    const guarded = <A extends unknown[]>(call: (...args: A) => void) => {
      return (...args: A) => {
        if (!signal.aborted) call(...args);
      };
    };
    void read(requester, path, controller, {
      onOpen: guarded(() => {
        handlers.onOpen();
      }),
      onEvent: guarded((name, data) => {
        handlers.onEvent(name, data);
      }),
      onSign: guarded(() => {
        handlers.onSign();
      }),
      onRetry: guarded((milliseconds) => {
        handlers.onRetry(milliseconds);
      }),
      onEnd: guarded((end) => {
        controller.abort();
        handlers.onEnd(end);
      }),
    });
    return () => {
      controller.abort();
    };
  };
}

async function read(
  requester: Requester,
  path: string,
  controller: AbortController,
  handlers: StreamHandlers,
): Promise<void> {
  const { signal } = controller;
  let response: Response;
  try {
    response = await requester.send(path, { headers: { Accept: 'text/event-stream' }, signal });
  } catch {
    handlers.onEnd({ kind: 'broken' });
    return;
  }
  if (response.status === 204) {
    handlers.onEnd({ kind: 'over' });
    return;
  }
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '');
  if (!response.ok || !isStream || response.body === null) {
    handlers.onEnd(await refusal(response));
    return;
  }
  handlers.onOpen();
  try {
    await feed(response.body, signal, handlers);
    handlers.onEnd({ kind: 'closed' });
  } catch {
    handlers.onEnd({ kind: 'broken' });
  }
}

/** Rejects where the stream breaks. */
async function feed(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  handlers: StreamHandlers,
): Promise<void> {
  const parser = createParser({
    onEvent: ({ event, data }) => {
      handlers.onEvent(event ?? 'message', data);
    },
    onComment: () => {
      handlers.onSign();
    },
    onRetry: (milliseconds) => {
      handlers.onRetry(milliseconds);
    },
    onError: (error) => {
      // An event without an end. Other nonsense is passed over.
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
    maxBufferSize: MAX_EVENT_CHARS,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let endsInCr = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (signal.aborted) return;
    if (done) {
      // A line that ends in CR is read when it is sure that no LF follows.
      if (endsInCr) parser.feed('\n');
      return;
    }
    const text = decoder.decode(value, { stream: true });
    endsInCr = text === '' ? endsInCr : text.endsWith('\r');
    parser.feed(text);
  }
}

/** Statuses of 4xx that pass by themselves. */
const PASSING = [408, 425, 429];

async function refusal(response: Response): Promise<StreamEnd> {
  const { status } = response;
  const body = await response.text().catch(() => '');
  const error = response.ok
    ? new ApiError('The server answered with something else than a stream.', status)
    : parseApiError(status, body);
  return {
    kind: 'refused',
    error,
    final: status < 500 && !PASSING.includes(status),
    retryAfterMs: retryAfter(response.headers.get('Retry-After')),
  };
}

/** Only the form in seconds; ours never sends the other. */
function retryAfter(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : null;
}
