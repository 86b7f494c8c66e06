import type { Follower, Lobby, Place, Wishes } from './follower';
import type { StreamContext, WhenHidden } from './shared_stream';
import { SharedStream } from './shared_stream';
import type { Surroundings } from './surroundings';
import { findSurroundings } from './surroundings';
import type { EventTransport } from './transport';

export interface WatchHubOptions {
  readonly transport: EventTransport;
  /** Default: those of the page, or of a place without pages. */
  readonly surroundings?: Surroundings;
  /** Monotonic, ms. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** Default: `quiet`. */
  readonly whenHidden?: WhenHidden;
}

/**
 * All streams of a page: one for up to 50 jobs, however many cards show them, because a browser
 * allows six connections to a server. (Another one only for jobs that are watched with other wishes,
 * or twice.)
 */
export class WatchHub {
  readonly #context: StreamContext;
  readonly #streams = new Set<SharedStream>();
  #unsubscribe: (() => void) | null = null;

  constructor(options: WatchHubOptions) {
    this.#context = {
      transport: options.transport,
      surroundings: options.surroundings ?? findSurroundings(),
      now: options.now ?? (() => performance.now()),
      random: options.random ?? Math.random,
      whenHidden: options.whenHidden ?? 'quiet',
    };
  }

  /** Follows one job, from the cursor if there is one. */
  join(follower: Follower, wishes: Wishes, cursor?: string): Place {
    for (const stream of this.#streams) {
      const isLike = stream.wishes.text === wishes.text && stream.wishes.maxRate === wishes.maxRate;
      if (isLike && stream.hasRoomFor(follower.jobId)) return stream.join(follower, cursor);
    }
    return this.#add(wishes, null).join(follower, cursor);
  }

  /** Follows all jobs of the caller that have not ended; answers what ends it. */
  joinMine(lobby: Lobby, wishes: Wishes): () => void {
    const stream = this.#add(wishes, lobby);
    return () => {
      stream.stop();
    };
  }

  /** Opens now what waits a moment for others to join. */
  flush(): void {
    for (const stream of [...this.#streams]) stream.flush();
  }

  /** Ends all streams; nothing is called back afterwards. */
  close(): void {
    for (const stream of [...this.#streams]) stream.stop();
  }

  #add(wishes: Wishes, lobby: Lobby | null): SharedStream {
    const stream = new SharedStream(this.#context, wishes, lobby, () => {
      this.#streams.delete(stream);
      if (this.#streams.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = null;
    });
    this.#streams.add(stream);
    this.#unsubscribe ??= this.#context.surroundings.subscribe((event) => {
      for (const each of [...this.#streams]) each.onSurroundings(event);
    });
    return stream;
  }
}
