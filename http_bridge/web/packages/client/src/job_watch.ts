import { getStatus } from './api';
import type { ApiError } from './api_error';
import type { Connection } from './connection';
import { defaultHub } from './defaults';
import { ElapsedClock } from './elapsed_clock';
import type { Follower, Place, ProbeResult, Wishes } from './follower';
import type { CallOptions } from './http';
import type { JobView } from './job_view';
import { advance, emptyView } from './job_view';
import { ServerClock } from './server_clock';
import type { SnapshotPatch } from './snapshot';
import type { Channel } from './states';
import { isTerminal } from './states';
import type { StreamEvent } from './stream_events';
import { TextAssembly } from './text_assembly';
import type { WatchHub } from './watch_hub';

/** A question after silence is to tell soon whether somebody is there. */
const PROBE_MS = 3000;

const DEFAULT_WISHES: Wishes = { text: true, maxRate: undefined };

export interface JobWatchOptions {
  /** The newest snapshot by another way than the stream; null: there is no such job. Rejects
   * where there is no answer. Default: the server of this page. */
  readonly fetchStatus?: (jobId: string, options: CallOptions) => Promise<SnapshotPatch | null>;
  /** Has the connection. Default: that of this page. */
  readonly hub?: WatchHub;
  /** Monotonic, ms. */
  readonly now?: () => number;
  /** Default: with texts, as often as the server likes. */
  readonly wishes?: Wishes;
  /** Goes on from here: the texts begin where this cursor stands. */
  readonly cursor?: string;
}

/** What a listener may want to draw anew. */
export type WatchAspect = 'view' | 'text' | 'connection';

/**
 * Everything that is known about one job, live: its numbers, its two texts, the state of the
 * connection and the server's clock. The connection is shared with all other jobs of the hub.
 */
export class JobWatch {
  readonly jobId: string;
  readonly #options: JobWatchOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<(aspect: WatchAspect) => void>();
  readonly #clock = new ServerClock();
  readonly #elapsed = new ElapsedClock();
  /** Null: not started, stopped, or over. */
  #place: Place | null = null;
  /** Where to go on after a stop. */
  #cursor: string | undefined;
  #texts: Record<Channel, TextAssembly>;
  /** A new stream gives the texts from the start; the old ones stay in sight until then. */
  #textsAreStale = false;
  #view: JobView;
  #connection: Connection = 'connecting';
  #problem: ApiError | null = null;
  #isRefused = false;
  #missing = false;
  #lastHeardAt: number | null = null;
  #lastTokenAt: number | null = null;

  constructor(jobId: string, options: JobWatchOptions = {}) {
    this.jobId = jobId;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#view = emptyView(jobId);
    this.#cursor = options.cursor;
    this.#texts = newTexts(options.cursor !== undefined);
  }

  get view(): JobView {
    return this.#view;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** There is no such job, or not for this user. */
  get missing(): boolean {
    return this.#missing;
  }

  /** Why the server refuses to show the job, while it does. (It may change its mind.) */
  get problem(): ApiError | null {
    return this.#problem;
  }

  /** The server has a problem with the request itself, not for the moment only. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Where a watch would go on that knows what this one knows; undefined: from the start. */
  get cursor(): string | undefined {
    return this.#place?.cursor ?? this.#cursor;
  }

  text(channel: Channel): TextAssembly {
    return this.#texts[channel];
  }

  /** ms of processing, at this moment. */
  elapsedMs(): number {
    return this.#elapsed.read(this.#now());
  }

  /** Unix ms on the server's clock; on this machine's before the server has told. */
  serverTimeMs(): number {
    return this.#clock.read(this.#now()) ?? Date.now();
  }

  /** ms since the server was last heard, or null if never. */
  heardAgoMs(): number | null {
    return this.#lastHeardAt === null ? null : this.#now() - this.#lastHeardAt;
  }

  /** ms since the last token came, or null if none came yet. */
  tokenAgoMs(): number | null {
    return this.#lastTokenAt === null ? null : this.#now() - this.#lastTokenAt;
  }

  start(): void {
    if (this.#place !== null || this.#connection === 'done') return;
    const hub = this.#options.hub ?? defaultHub();
    const wishes = this.#options.wishes ?? DEFAULT_WISHES;
    this.#place = hub.join(this.follow(), wishes, this.#cursor);
  }

  /** For a lobby, which gives it a place itself. */
  follow(): Follower {
    return {
      jobId: this.jobId,
      onSeated: (place) => {
        this.#place = place;
      },
      onEvent: (event) => {
        this.#onEvent(event);
      },
      onConnection: (connection) => {
        this.#onConnection(connection);
      },
      onRefused: (error, isFinal) => {
        this.#problem = error;
        this.#isRefused = isFinal;
        this.#emit('connection');
      },
      // Of a job at work there is always something to say.
      isBusy: () => this.#view.state === 'processing',
      probe: () => this.#probe(),
    };
  }

  /** Ends the subscriptions, too. A later `start` goes on from here. */
  stop(): void {
    this.#listeners.clear();
    this.#leave();
  }

  /** Answers the function that ends the subscription. */
  subscribe(listener: (aspect: WatchAspect) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in what another answer of the server (a cancel, say) told about the job. */
  learn(patch: SnapshotPatch): void {
    this.#apply(patch);
    this.#emit('view');
  }

  #onEvent(event: StreamEvent): void {
    this.#lastHeardAt = this.#now();
    switch (event.kind) {
      case 'snapshot':
        this.learn(event.patch);
        break;
      case 'ended':
        this.learn(event.patch);
        break;
      case 'missing':
        this.#missing = true;
        this.#emit('view');
        break;
      case 'text': {
        const text = this.#freshTexts()[event.channel];
        if (text.add(event.piece) === 'gap') {
          this.#textsAreStale = true;
          this.#place?.restart();
        } else {
          this.#lastTokenAt = this.#lastHeardAt;
          this.#emit('text');
        }
        break;
      }
      case 'reset':
        this.#freshTexts()[event.channel].truncate(event.offset);
        this.#emit('text');
        break;
      case 'silence':
        break;
    }
  }

  #leave(): void {
    this.#cursor = this.cursor;
    this.#place?.leave();
    this.#place = null;
  }

  #freshTexts(): Record<Channel, TextAssembly> {
    if (this.#textsAreStale) {
      this.#texts = newTexts(false);
      this.#textsAreStale = false;
    }
    return this.#texts;
  }

  #apply(patch: SnapshotPatch): void {
    const before = this.#view;
    this.#view = advance(before, patch);
    if (this.#view === before) return;
    const now = this.#now();
    if (this.#view.tokens > before.tokens && before.known) this.#lastTokenAt = now;
    let age = 0;
    if (patch.serverTimeMs != null) {
      this.#clock.observe(patch.serverTimeMs, now);
      age = (this.#clock.read(now) ?? patch.serverTimeMs) - patch.serverTimeMs;
    }
    this.#elapsed.set(this.#view.elapsedMs, age, this.#view.state === 'processing', now);
  }

  #onConnection(connection: Connection): void {
    const before = this.#connection;
    this.#connection = connection;
    if (connection === 'live' || connection === 'done') {
      this.#problem = null;
      this.#isRefused = false;
    }
    if (connection === 'done') this.#leave();
    if (connection !== 'live') this.#elapsed.freeze(this.#now());
    else if (before !== 'connecting') this.#clock.forget();
    this.#emit('connection');
  }

  async #probe(): Promise<ProbeResult> {
    const before = this.#view;
    try {
      const fetchStatus = this.#options.fetchStatus ?? getStatus;
      const patch = await fetchStatus(this.jobId, { signal: AbortSignal.timeout(PROBE_MS) });
      if (patch === null) return 'missing';
      const after = advance(before, patch);
      if (isTerminal(before.state)) return 'over';
      if (isTerminal(after.state)) {
        this.learn(patch);
        // Who came with a cursor that the server calls the last one has all of the text.
        if (!before.known && this.#options.cursor !== undefined) return 'over';
        // Whatever keeps the stream from telling it: once more, from the start, then it is over.
        this.#textsAreStale = true;
        this.#place?.forgetCursor();
        return 'behind';
      }
      const newer = after.version > before.version || after.sequence > before.sequence;
      return newer ? 'behind' : 'same';
    } catch {
      return 'failed';
    }
  }

  #emit(aspect: WatchAspect): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(aspect);
      } catch (thrown) {
        // A fault of who listens is not one of the stream, which would be opened anew.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }
}

function newTexts(adopt: boolean): Record<Channel, TextAssembly> {
  return { answer: new TextAssembly(adopt), thinking: new TextAssembly(adopt) };
}
