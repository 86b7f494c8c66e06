import type {
  ApiError,
  Channel,
  Connection,
  JobView,
  SnapshotPatch,
  WatchAspect,
} from '@genwatch/client';
import { advance, emptyView, TextAssembly } from '@genwatch/client';
import type { WatchedJob } from '../../src/source';

/** A watch whose server is the caller: what it is told is what it shows. */
export class FakeWatch implements WatchedJob {
  readonly jobId: string;
  view: JobView;
  connection: Connection = 'connecting';
  missing = false;
  problem: ApiError | null = null;
  started = 0;
  stopped = 0;
  /** What the clocks say; functions, so that they may run. */
  elapsed: () => number = () => this.view.elapsedMs;
  heardAgo: () => number | null = () => 0;
  tokenAgo: () => number | null = () => null;
  serverTime: () => number = () => Date.now();
  readonly #texts = { answer: new TextAssembly(), thinking: new TextAssembly() };
  readonly #listeners = new Set<(aspect: WatchAspect) => void>();

  constructor(jobId: string) {
    this.jobId = jobId;
    this.view = emptyView(jobId);
  }

  text(channel: Channel): TextAssembly {
    return this.#texts[channel];
  }

  elapsedMs(): number {
    return this.elapsed();
  }

  serverTimeMs(): number {
    return this.serverTime();
  }

  heardAgoMs(): number | null {
    return this.heardAgo();
  }

  tokenAgoMs(): number | null {
    return this.tokenAgo();
  }

  start(): void {
    this.started += 1;
  }

  stop(): void {
    this.stopped += 1;
    this.#listeners.clear();
  }

  subscribe(listener: (aspect: WatchAspect) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  learn(patch: SnapshotPatch): void {
    this.view = advance(this.view, patch);
    this.#emit('view');
  }

  connect(connection: Connection): void {
    this.connection = connection;
    this.#emit('connection');
  }

  lose(): void {
    this.missing = true;
    this.#emit('view');
  }

  write(text: string, channel: Channel = 'answer'): void {
    const offset = this.#texts[channel].byteLength;
    const end = offset + new TextEncoder().encode(text).length;
    this.#texts[channel].add({ attempt: 1, offset, end, text });
    this.#emit('text');
  }

  #emit(aspect: WatchAspect): void {
    for (const listener of [...this.#listeners]) listener(aspect);
  }
}
