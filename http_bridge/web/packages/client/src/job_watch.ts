import { ElapsedClock } from './elapsed_clock';
import type { Connection, JobStreamOptions, ProbeResult } from './job_stream';
import { JobStream } from './job_stream';
import type { JobView } from './job_view';
import { advance, emptyView } from './job_view';
import { ServerClock } from './server_clock';
import type { SnapshotPatch } from './snapshot';
import type { Channel } from './states';
import { isTerminal } from './states';
import type { StreamEvent } from './stream_events';
import { TextAssembly } from './text_assembly';

const BUSY_SILENCE_MS = 5000;
/** Above the server's heartbeat of 15 s, which EventSource does not show to a page. */
const CALM_SILENCE_MS = 20_000;

export interface JobWatchOptions {
  /** The newest snapshot by another way than the stream; null: there is no such job. Rejects
   * where there is no answer. */
  readonly fetchStatus: (jobId: string) => Promise<SnapshotPatch | null>;
  readonly createEventSource?: JobStreamOptions['createEventSource'];
  /** Monotonic, ms. */
  readonly now?: () => number;
}

/** What a listener may want to draw anew. */
export type WatchAspect = 'view' | 'text' | 'connection';

/**
 * Everything that is known about one job, live: its numbers, its two texts, the state of the
 * connection and the server's clock. It has one connection, however many listen.
 */
export class JobWatch {
  readonly jobId: string;
  readonly #options: JobWatchOptions;
  readonly #now: () => number;
  readonly #stream: JobStream;
  readonly #listeners = new Set<(aspect: WatchAspect) => void>();
  readonly #clock = new ServerClock();
  readonly #elapsed = new ElapsedClock();
  #texts: Record<Channel, TextAssembly> = newTexts();
  /** A new stream gives the texts from the start; the old ones stay in sight until then. */
  #textsAreStale = false;
  #view: JobView;
  #connection: Connection = 'connecting';
  #missing = false;
  #lastHeardAt: number | null = null;
  #lastTokenAt: number | null = null;

  constructor(jobId: string, options: JobWatchOptions) {
    this.jobId = jobId;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#view = emptyView(jobId);
    this.#stream = new JobStream(jobId, {
      onEvent: (event) => {
        this.#onEvent(event);
      },
      onConnection: (connection) => {
        this.#onConnection(connection);
      },
      probe: () => this.#probe(),
      // Of a job at work there is always something to say.
      silenceMs: () => (this.#view.state === 'processing' ? BUSY_SILENCE_MS : CALM_SILENCE_MS),
      ...(options.createEventSource && { createEventSource: options.createEventSource }),
    });
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
    this.#stream.start();
  }

  stop(): void {
    this.#stream.stop();
    this.#listeners.clear();
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
        this.#apply(event.patch);
        this.#stream.finish();
        this.#emit('view');
        break;
      case 'missing':
        this.#missing = true;
        this.#stream.finish();
        this.#emit('view');
        break;
      case 'text': {
        const text = this.#freshTexts()[event.channel];
        if (text.add(event.piece) === 'gap') {
          this.#textsAreStale = true;
          this.#stream.restart();
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

  #freshTexts(): Record<Channel, TextAssembly> {
    if (this.#textsAreStale) {
      this.#texts = newTexts();
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
    if (connection !== 'live') this.#elapsed.freeze(this.#now());
    else if (before !== 'connecting') this.#clock.forget();
    this.#emit('connection');
  }

  async #probe(): Promise<ProbeResult> {
    const before = this.#view;
    try {
      const patch = await this.#options.fetchStatus(this.jobId);
      if (patch === null) return 'missing';
      const after = advance(before, patch);
      if (isTerminal(before.state)) return 'over';
      if (isTerminal(after.state)) {
        // Whatever keeps the stream from telling it: once more, from the start, then it is over.
        this.learn(patch);
        this.#textsAreStale = true;
        this.#stream.forgetCursor();
        return 'behind';
      }
      const newer = after.version > before.version || after.sequence > before.sequence;
      return newer ? 'behind' : 'same';
    } catch {
      return 'failed';
    }
  }

  #emit(aspect: WatchAspect): void {
    for (const listener of [...this.#listeners]) listener(aspect);
  }
}

function newTexts(): Record<Channel, TextAssembly> {
  return { answer: new TextAssembly(), thinking: new TextAssembly() };
}
