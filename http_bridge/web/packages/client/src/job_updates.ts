import type { ApiError } from './api_error';
import type { WatchUpdate } from './watch_updates';

/** What is behind a series of updates while somebody listens. */
export interface UpdateSession {
  /** All that there is to tell now. */
  take(): WatchUpdate[];
  /** Nothing will follow. */
  readonly isOver: boolean;
  /** Why nothing can be told, or null. */
  readonly error: ApiError | null;
  close(): void;
}

export interface UpdateObserver {
  next(update: WatchUpdate): void;
  /** The server refuses to tell anything. Nothing follows. */
  error?(error: ApiError): void;
  /** The last word about the last job was told. Nothing follows. */
  complete?(): void;
}

/**
 * Updates about one job or several, for `for await` or for callbacks. Each loop and each subscription
 * has its own connection to begin with, made when it begins; a broken one is never an error, and is
 * resumed for as long as it takes.
 *
 * A loop throws ApiError where the server refuses to tell anything (401, 404 of the route, no stream
 * at all), and the reason of the signal once that aborts. It ends after the last word about the last
 * job. Breaking out of it closes the connection.
 */
export class JobUpdates implements AsyncIterable<WatchUpdate> {
  readonly #open: (wake: () => void) => UpdateSession;
  readonly #signal: AbortSignal | undefined;

  constructor(open: (wake: () => void) => UpdateSession, signal?: AbortSignal) {
    this.#open = open;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchUpdate, void, undefined> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    let wake = (): void => undefined;
    const session = this.#open(() => {
      wake();
    });
    const onAbort = (): void => {
      wake();
    };
    signal?.addEventListener('abort', onAbort);
    try {
      for (;;) {
        const updates = session.take();
        for (const update of updates) {
          signal?.throwIfAborted();
          yield update;
        }
        signal?.throwIfAborted();
        if (updates.length > 0) continue;
        if (session.error !== null) throw session.error;
        if (session.isOver) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      session.close();
    }
  }

  /**
   * Calls back with each update, from the next turn of the event loop on. Answers what ends it;
   * the signal does as well. Nothing is called back afterwards.
   */
  subscribe(observer: UpdateObserver): () => void {
    let isOver = this.#signal?.aborted === true;
    if (isOver) return () => undefined;
    let isDue = false;
    const session = this.#open(() => {
      if (isDue) return;
      isDue = true;
      queueMicrotask(tell);
    });
    const stop = (): void => {
      if (isOver) return;
      isOver = true;
      this.#signal?.removeEventListener('abort', stop);
      session.close();
    };
    const tell = (): void => {
      isDue = false;
      for (const update of isOver ? [] : session.take()) {
        observer.next(update);
        if (isOver) return;
      }
      if (isOver || (!session.isOver && session.error === null)) return;
      const { error } = session;
      stop();
      if (error === null) observer.complete?.();
      else observer.error?.(error);
    };
    this.#signal?.addEventListener('abort', stop);
    return stop;
  }
}
