import type { ApiError } from './api_error';
import type { Connection } from './connection';
import type { StreamEvent } from './stream_events';

/**
 * - `same`: the server answers, and knows nothing newer;
 * - `behind`: the server knows more than the stream has told;
 * - `over`: the job has ended, and its end is known on this side;
 * - `missing`: there is no such job;
 * - `failed`: no answer.
 */
export type ProbeResult = 'same' | 'behind' | 'over' | 'missing' | 'failed';

/** One who watches one job on a stream that others share. */
export interface Follower {
  readonly jobId: string;
  /** A lobby has given it this place. (Who joins is answered his.) */
  onSeated?(place: Place): void;
  /** After `ended` and `missing` comes `onConnection('done')`, and nothing else. */
  onEvent(event: StreamEvent): void;
  onConnection(connection: Connection): void;
  /** The server refuses the stream as it was asked for. It is tried again, slowly if `isFinal`. */
  onRefused(error: ApiError, isFinal: boolean): void;
  /** There is something to say about the job every few seconds. */
  isBusy(): boolean;
  /** Asked when the stream is silent about the job: has something changed that it did not tell? */
  probe(): Promise<ProbeResult>;
}

/** Where a follower sits on its stream. */
export interface Place {
  /** What resumes after all that the follower was told; undefined before the first word. */
  readonly cursor: string | undefined;
  /** The next connection gives the whole text again. */
  forgetCursor(): void;
  /** Opens anew, soon, without the cursor. */
  restart(): void;
  /** Nothing is called back afterwards. */
  leave(): void;
}

/** Who is told of all jobs of the caller that have not ended, as they come. */
export interface Lobby {
  /** A job that nobody follows here; null: pass it over. */
  onNewcomer(jobId: string): Follower | null;
  onConnection(connection: Connection): void;
  onRefused(error: ApiError, isFinal: boolean): void;
}

/** What a stream is asked for. Followers with equal wishes share one. */
export interface Wishes {
  readonly text: boolean;
  /** Most updates a second and job; 0: no limit; undefined: the server's default. */
  readonly maxRate: number | undefined;
}
