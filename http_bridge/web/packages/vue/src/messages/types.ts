import type { Condition, JobOrder } from '@genwatch/client';
import type { Format } from '../words/format_in';

/** How the card stands towards the server; the client's words, and `stopped` for no longer. */
export type Tracking =
  'connecting' | 'live' | 'reconnecting' | 'stale' | 'offline' | 'done' | 'stopped';

/** What can be ordered from the card. */
export type CardOrder = JobOrder | 'retry';

export interface OrderWords {
  readonly say: string;
  readonly busy: string;
  readonly refused: string;
}

/** What a reader can do about an end without a result. */
export type NextStep =
  | 'server'
  | 'address'
  | 'access'
  | 'otherModel'
  | 'smaller'
  | 'shorter'
  | 'slow'
  | 'later'
  | 'repeats'
  | 'kills'
  | 'again'
  | 'cancelled'
  | 'expired';

/** The names of the numbers. */
export type FigureName =
  | 'tokens'
  | 'speed'
  | 'elapsed'
  | 'remaining'
  | 'position'
  | 'wait'
  | 'input'
  | 'output'
  | 'total'
  | 'duration'
  | 'average';

/** What those parts of the card say that come later. */
export interface LateMessages {
  readonly orders: Readonly<Record<CardOrder, OrderWords>>;
  readonly speedOverTime: string;
  readonly thoughtFor: (duration: string) => string;
  readonly copy: string;
  readonly copied: string;
  readonly copyFailed: string;
  readonly toLive: string;
  readonly unreachable: string;
  readonly bytes: (count: number, format: Format) => string;
  readonly inTime: (duration: string) => string;
  readonly now: string;
  readonly because: (why: string) => string;
  readonly kept: (bytes: string) => string;
  readonly nothingKept: string;
  readonly held: string;
  readonly next: Readonly<Record<NextStep, string>>;
}

/**
 * Everything that the card says, in one language. Numbers come in as strings that are formatted
 * already, or as numbers where the words depend on them (plurals).
 */
export interface Messages {
  /** BCP 47. */
  readonly locale: string;
  readonly states: Readonly<Record<Condition, string>>;
  readonly tracking: Readonly<Record<Tracking, string>>;
  readonly figures: Readonly<Record<FigureName, string>>;
  /** Left out only by English, which has it in a file of its own. */
  readonly late?: LateMessages;
  /** Short signs of seconds, minutes and hours. */
  readonly units: Readonly<Record<'s' | 'min' | 'h', string>>;

  readonly about: (duration: string) => string;
  readonly range: (low: string, high: string) => string;
  readonly left: (duration: string) => string;
  readonly tokens: (count: number, format: Format) => string;
  readonly rateUnit: string;
  readonly estimated: string;

  readonly place: (position: string, size: string) => string;
  readonly firstToken: (duration: string) => string;
  readonly lastSeen: (duration: string) => string;
  readonly noAnswer: string;
  readonly continued: string;
  readonly restarted: string;
  /** `most` is null where no limit is known. */
  readonly attempt: (number: string, most: string | null) => string;

  readonly progress: (name: string) => string;
  readonly answer: string;
  readonly showAll: string;
  readonly showLess: string;

  readonly missing: string;
  readonly missingWhy: string;
  readonly failedBecause: (reason: string) => string;
  readonly failedSomehow: string;
  readonly youCancelled: string;
  readonly waitedTooLong: string;
  /** In place of the server's English sentence, by its stable reason; English has none. */
  readonly reasons: Readonly<Record<string, string>>;

  readonly working: string;
  readonly completedIn: (tokens: string, duration: string) => string;
}
