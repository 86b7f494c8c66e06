import type { StreamEvent } from './stream_events';
import { parseStreamEvent, STREAM_EVENT_NAMES } from './stream_events';

/**
 * How the page stands towards the server:
 * - `connecting`: the first time;
 * - `live`: what is shown is true now;
 * - `reconnecting`, `offline`: what is shown was true when it was last heard;
 * - `done`: nothing will follow.
 */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'done';

/** The part of EventSource that is used, so that tests can stand in for it. */
export interface EventSourceLike {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: Event) => void): void;
  close(): void;
}

export interface JobStreamOptions {
  readonly onEvent: (event: StreamEvent) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Asked when the stream is silent or was refused: has something changed that it did not tell? */
  readonly probe: () => Promise<ProbeResult>;
  /** How long the server may say nothing, in ms, before it is asked. */
  readonly silenceMs: () => number;
  readonly createEventSource?: (url: string) => EventSourceLike;
}

/**
 * - `same`: the server answers, and knows nothing newer;
 * - `behind`: the server knows more than the stream has told;
 * - `over`: the job has ended, and its end is known on this side;
 * - `missing`: there is no such job;
 * - `failed`: no answer.
 */
export type ProbeResult = 'same' | 'behind' | 'over' | 'missing' | 'failed';

const CLOSED = 2;
/**
 * The bridge accepts a stream at once, also when it can't reach the services behind it: a connection
 * counts as live only when something was heard on it, or when a question was answered.
 */
const FIRST_WORD_MS = 1000;
/** An answer may overtake the stream; it has this long to catch up. */
const CATCH_UP_MS = 1000;
/** For the backoff of connections that this class opens itself. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** A connection that lived this long was a good one: the backoff starts anew. */
const GOOD_LIFE_MS = 10_000;

function away(): Connection {
  return navigator.onLine ? 'reconnecting' : 'offline';
}

export function progressUrl(jobId: string, cursor?: string): string {
  const url = `/api/v1/ai/generation/${encodeURIComponent(jobId)}/progress?text=true`;
  return cursor === undefined ? url : `${url}&last_event_id=${encodeURIComponent(cursor)}`;
}

/**
 * The one connection for a job, kept up until the job has ended or `stop` is called.
 *
 * EventSource reconnects by itself where the connection breaks, and gives up for good where the
 * answer is not a stream; then, and after silence, this class opens a new one with the last
 * cursor. The server's `error` event always carries data, the browser's own never does: only the
 * first says anything about the job.
 */
export class JobStream {
  readonly #jobId: string;
  readonly #options: JobStreamOptions;
  readonly #createEventSource: (url: string) => EventSourceLike;
  #source: EventSourceLike | null = null;
  #cursor: string | undefined;
  #connection: Connection = 'connecting';
  #failures = 0;
  #openedAt = 0;
  /** Messages so far. */
  #heard = 0;
  #running = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(jobId: string, options: JobStreamOptions) {
    this.#jobId = jobId;
    this.#options = options;
    this.#createEventSource = options.createEventSource ?? ((url) => new EventSource(url));
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    addEventListener('online', this.#wake);
    addEventListener('offline', this.#onOffline);
    addEventListener('pageshow', this.#onPageShow);
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#open();
  }

  /** Closes everything; nothing is called back afterwards. */
  stop(): void {
    this.#running = false;
    this.#close();
    removeEventListener('online', this.#wake);
    removeEventListener('offline', this.#onOffline);
    removeEventListener('pageshow', this.#onPageShow);
    document.removeEventListener('visibilitychange', this.#onVisibility);
  }

  /** Nothing will follow: closes, and says `done`. */
  finish(): void {
    this.#setConnection('done');
    this.stop();
  }

  /** The next connection is given the whole text again. */
  forgetCursor(): void {
    this.#cursor = undefined;
  }

  /** Opens anew, soon, without a cursor. */
  restart(): void {
    this.forgetCursor();
    this.#scheduleOpen();
  }

  #open(): void {
    this.#close();
    this.#openedAt = performance.now();
    const source = this.#createEventSource(progressUrl(this.#jobId, this.#cursor));
    this.#source = source;
    source.onopen = () => {
      if (this.#source === source) this.#listenForSilence(FIRST_WORD_MS);
    };
    for (const name of STREAM_EVENT_NAMES) {
      source.addEventListener(name, (event) => {
        if (this.#source !== source) return;
        if (event instanceof MessageEvent && typeof event.data === 'string') {
          this.#onMessage(name, event as MessageEvent<string>);
        } else if (name === 'error') {
          this.#onBroken(source);
        }
      });
    }
  }

  #close(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#source?.close();
    this.#source = null;
  }

  #onMessage(name: (typeof STREAM_EVENT_NAMES)[number], event: MessageEvent<string>): void {
    this.#heard += 1;
    const parsed = parseStreamEvent(name, event.data);
    if (event.lastEventId !== '') this.#cursor = event.lastEventId;
    this.#listenForSilence(this.#options.silenceMs());
    if (parsed === null) return;
    this.#setConnection('live');
    this.#options.onEvent(parsed);
    if (parsed.kind === 'silence') this.#scheduleOpen();
  }

  #onBroken(source: EventSourceLike): void {
    clearTimeout(this.#silenceTimer);
    this.#setConnection(away());
    if (source.readyState === CLOSED) {
      this.#close();
      void this.#reopenAfterProbe();
    }
  }

  /** The answer was not a stream: because the job is over or gone, or something is in the way. */
  async #reopenAfterProbe(): Promise<void> {
    const result = await this.#options.probe();
    if (!this.#running || this.#source !== null) return;
    if (result === 'missing') this.#options.onEvent({ kind: 'missing' });
    else if (result === 'over') this.finish();
    else this.#scheduleOpen();
  }

  #scheduleOpen(): void {
    if (!this.#running) return;
    this.#close();
    this.#setConnection(away());
    if (performance.now() - this.#openedAt > GOOD_LIFE_MS) this.#failures = 0;
    const delay = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Up to a quarter less, so that many pages do not come back in one moment.
    this.#retryTimer = setTimeout(
      () => {
        this.#open();
      },
      delay * (1 - Math.random() / 4),
    );
  }

  #listenForSilence(ms: number): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      void this.#checkSilence();
    }, ms);
  }

  async #checkSilence(isSecondLook = false): Promise<void> {
    const source = this.#source;
    const heard = this.#heard;
    const result = await this.#options.probe();
    if (!this.#running || this.#source !== source || this.#heard !== heard) return;
    if (result === 'same') {
      this.#setConnection('live');
      this.#listenForSilence(this.#options.silenceMs());
    } else if (result === 'behind' && !isSecondLook) {
      this.#silenceTimer = setTimeout(() => {
        void this.#checkSilence(true);
      }, CATCH_UP_MS);
    } else if (result === 'missing') {
      this.#options.onEvent({ kind: 'missing' });
    } else {
      this.#scheduleOpen();
    }
  }

  readonly #wake = (): void => {
    if (this.#connection === 'reconnecting' || this.#connection === 'offline') this.#open();
  };

  /** Back from the browser's page cache, where connections are closed. */
  readonly #onPageShow = (event: PageTransitionEvent): void => {
    if (event.persisted) this.#open();
  };

  readonly #onOffline = (): void => {
    this.#setConnection('offline');
  };

  readonly #onVisibility = (): void => {
    if (document.visibilityState === 'visible') this.#wake();
  };

  #setConnection(connection: Connection): void {
    if (this.#connection === connection || !this.#running) return;
    this.#connection = connection;
    this.#options.onConnection(connection);
  }
}
