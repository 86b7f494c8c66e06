import type { ApiError } from './api_error';
import { Backoff } from './backoff';
import type { Connection } from './connection';
import type { Follower, Lobby, Place, Wishes } from './follower';
import { parseStreamMessage } from './stream_events';
import { MAX_JOBS, streamPath } from './stream_path';
import type { Surroundings, SurroundingsEvent } from './surroundings';
import type { EventTransport, StreamEnd } from './transport';

/**
 * What a stream does once nobody has seen the page for half a minute:
 * - `quiet`: it takes one update a second of each job at most. Titles go on, and ends are told;
 * - `live`: as before;
 * - `close`: it closes, and resumes when the page is shown. Nothing is told meanwhile.
 */
export type WhenHidden = 'quiet' | 'live' | 'close';

export interface StreamContext {
  readonly transport: EventTransport;
  readonly surroundings: Surroundings;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly whenHidden: WhenHidden;
}

/** Who joins in one moment, as the cards of a page do, joins with one request. */
const JOIN_MS = 5;
/** Who leaves one page may come back on the next. */
const LEAVE_MS = 1000;
/** No answer, or no word in it about any job. */
const FIRST_WORD_MS = 10_000;
/** Above the 15 s after which the server says at least that it is there. */
const STALE_MS = 20_000;
/** Silence about one job, after which the server is asked for it. */
const BUSY_SILENCE_MS = 5000;
const CALM_SILENCE_MS = 20_000;
/** An answer may overtake the stream; it has this long to catch up. */
const CATCH_UP_MS = 1000;
/** A change of connections that is faster than this is not shown. */
const GRACE_MS = 2000;
/** A connection that lived this long was a good one: the backoff starts anew. */
const GOOD_LIFE_MS = 10_000;
/** Nobody waits longer because a server asks for it. */
const MAX_FLOOR_MS = 60_000;
const LOOK_MS = 1000;
const HIDDEN_MS = 30_000;
const HIDDEN_RATE = 1;

interface Seat {
  readonly follower: Follower;
  readonly jobId: string;
  cursor: string | undefined;
  connection: Connection;
  /** Something was said about the job on the connection that is open now. */
  isHeard: boolean;
  /** When that was, or when the server was asked last. */
  heardAt: number;
  /** The server knows more; the stream may still catch up. */
  isBehind: boolean;
}

/**
 * One connection for several jobs, kept up until the last of them has ended or left.
 *
 * Each payload tells where its job stands. Whenever the connection is opened anew, because it broke,
 * because the server ended it, or because the set of jobs has changed, it goes on from there: no gap,
 * no repeat. Only words of the server say anything about a job; a connection never does.
 */
export class SharedStream {
  readonly wishes: Wishes;
  readonly #context: StreamContext;
  readonly #lobby: Lobby | null;
  readonly #onIdle: () => void;
  readonly #backoff: Backoff;
  readonly #seats = new Map<string, Seat>();
  #lobbyConnection: Connection = 'connecting';
  #isOver = false;
  /** Closes the connection that is open, or being opened. */
  #close: (() => void) | null = null;
  #isHeard = false;
  #openedAt = 0;
  /** When anything came, be it a comment. */
  #signAt = 0;
  #floorMs = 0;
  #isJoining = false;
  #isAsking = false;
  /** The page has been hidden for long. */
  #isUnseen = false;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  #opensAt = Infinity;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #lookTimer: ReturnType<typeof setInterval> | undefined;

  /** With a lobby it shows all jobs of the caller. `onIdle`: the last job is gone; it is over. */
  constructor(context: StreamContext, wishes: Wishes, lobby: Lobby | null, onIdle: () => void) {
    this.#context = context;
    this.wishes = wishes;
    this.#lobby = lobby;
    this.#onIdle = onIdle;
    this.#backoff = new Backoff(context.random);
    if (context.surroundings.hidden()) this.#onHidden();
    if (lobby !== null) this.#planOpen(JOIN_MS);
  }

  /** It has a seat for this job, and nobody sits there yet. */
  hasRoomFor(jobId: string): boolean {
    return this.#lobby === null && this.#seats.size < MAX_JOBS && !this.#seats.has(jobId);
  }

  join(follower: Follower, cursor: string | undefined): Place {
    const seat = this.#seatFor(follower, cursor);
    this.#isJoining = true;
    this.#planOpen(JOIN_MS);
    return this.#placeOf(seat);
  }

  /** Opens now what waits for others to join. */
  flush(): void {
    if (this.#isJoining) this.#open();
  }

  /** Closes everything; nothing is called back afterwards. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#shut();
    clearTimeout(this.#hiddenTimer);
    this.#seats.clear();
    this.#onIdle();
  }

  onSurroundings(event: SurroundingsEvent): void {
    switch (event) {
      case 'wake':
        if (this.#isAway()) this.#wake();
        break;
      case 'restored':
        this.#wake();
        break;
      case 'offline':
        this.#setAll('offline');
        break;
      case 'hidden':
        this.#onHidden();
        break;
      case 'shown':
        this.#onShown();
        break;
    }
  }

  // Seats.

  #seatFor(follower: Follower, cursor: string | undefined): Seat {
    const seat: Seat = {
      follower,
      jobId: follower.jobId,
      cursor,
      connection: 'connecting',
      isHeard: false,
      heardAt: this.#context.now(),
      isBehind: false,
    };
    this.#seats.set(seat.jobId, seat);
    return seat;
  }

  #placeOf(seat: Seat): Place {
    return {
      get cursor() {
        return seat.cursor;
      },
      forgetCursor: () => {
        seat.cursor = undefined;
      },
      restart: () => {
        seat.cursor = undefined;
        if (this.#isSeated(seat)) this.#retry(seat);
      },
      leave: () => {
        if (!this.#isSeated(seat)) return;
        this.#seats.delete(seat.jobId);
        if (!this.#stopIfEmpty()) this.#planOpen(LEAVE_MS);
      },
    };
  }

  #isSeated(seat: Seat): boolean {
    return this.#seats.get(seat.jobId) === seat;
  }

  /** Nothing will follow about the job. */
  #finish(seat: Seat): void {
    if (!this.#isSeated(seat)) return;
    this.#seats.delete(seat.jobId);
    this.#setConnection(seat, 'done');
    this.#stopIfEmpty();
  }

  #stopIfEmpty(): boolean {
    if (this.#seats.size > 0 || this.#lobby !== null) return false;
    this.stop();
    return true;
  }

  #setConnection(seat: Seat, connection: Connection): void {
    if (seat.connection === connection) return;
    seat.connection = connection;
    seat.follower.onConnection(connection);
  }

  #setAll(connection: Connection): void {
    for (const seat of [...this.#seats.values()]) this.#setConnection(seat, connection);
    this.#setLobby(connection);
  }

  #setLobby(connection: Connection): void {
    if (this.#lobby === null || this.#isOver || this.#lobbyConnection === connection) return;
    this.#lobbyConnection = connection;
    this.#lobby.onConnection(connection);
  }

  #away(): Connection {
    return this.#context.surroundings.online() ? 'reconnecting' : 'offline';
  }

  #isAway(): boolean {
    if (this.#close === null) return true;
    const connections = [...this.#seats.values()].map((seat) => seat.connection);
    if (this.#lobby !== null) connections.push(this.#lobbyConnection);
    return connections.some((connection) => connection !== 'live' && connection !== 'connecting');
  }

  // Opening.

  /** Opens after so many ms, or when it is due before that. */
  #planOpen(ms: number): void {
    const at = this.#context.now() + ms;
    if (this.#isOver || this.#isResting() || at >= this.#opensAt) return;
    clearTimeout(this.#openTimer);
    this.#opensAt = at;
    this.#openTimer = setTimeout(() => {
      this.#open();
    }, ms);
  }

  #open(): void {
    this.#shut();
    if (this.#isOver || this.#isResting()) return;
    const now = this.#context.now();
    this.#openedAt = now;
    this.#signAt = now;
    this.#isHeard = false;
    // Of more jobs than may be named, those about which nothing was said for the longest time.
    const seats = [...this.#seats.values()].sort((a, b) => a.heardAt - b.heardAt);
    for (const seat of seats) Object.assign(seat, { isBehind: false, heardAt: now });
    this.#graceTimer = setTimeout(() => {
      this.#onGraceOver();
    }, GRACE_MS);
    this.#lookTimer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
    this.#close = this.#context.transport(
      streamPath(seats, this.#wishesNow(), this.#lobby !== null),
      {
        onOpen: () => {
          this.#signAt = this.#context.now();
          // There may be no job at all.
          this.#setLobby('live');
        },
        onSign: () => {
          this.#signAt = this.#context.now();
        },
        onRetry: (milliseconds) => {
          this.#floorMs = Math.min(MAX_FLOOR_MS, milliseconds);
        },
        onEvent: (name, data) => {
          this.#onEvent(name, data);
        },
        onEnd: (end) => {
          this.#onEnd(end);
        },
      },
    );
  }

  /** Closes the connection, and forgets all that was planned for it. */
  #shut(): void {
    clearTimeout(this.#openTimer);
    clearTimeout(this.#graceTimer);
    clearInterval(this.#lookTimer);
    this.#opensAt = Infinity;
    this.#isJoining = false;
    for (const seat of this.#seats.values()) seat.isHeard = false;
    this.#close?.();
    this.#close = null;
  }

  /** Opens again after a wait. Who was live may stay so for a moment, except the one in doubt. */
  #retry(inDoubt?: Seat, floorMs = this.#floorMs): void {
    this.#shut();
    if (this.#isOver) return;
    if (this.#isHeard) {
      const isGood = this.#context.now() - this.#openedAt > GOOD_LIFE_MS;
      if (isGood) this.#backoff.reset();
      else this.#backoff.ease();
    }
    if (inDoubt !== undefined) this.#setConnection(inDoubt, this.#away());
    this.#planOpen(this.#backoff.next(floorMs));
    this.#graceTimer = setTimeout(() => {
      this.#onGraceOver();
    }, GRACE_MS);
  }

  #lose(connection: Connection, floorMs = this.#floorMs): void {
    this.#setAll(connection);
    this.#retry(undefined, floorMs);
  }

  #wake(): void {
    this.#backoff.reset();
    this.#open();
  }

  #onGraceOver(): void {
    for (const seat of [...this.#seats.values()]) {
      if (!seat.isHeard && seat.connection === 'live') this.#setConnection(seat, this.#away());
    }
    if (this.#close === null) this.#setLobby(this.#away());
  }

  // What comes.

  #onEvent(name: string, data: string): void {
    const now = this.#context.now();
    this.#signAt = now;
    const message = parseStreamMessage(name, data);
    if (message === null) return;
    const { event, jobId, cursor } = message;
    if (event.kind === 'silence') {
      this.#lose(this.#away());
      return;
    }
    const seat = this.#seatOf(jobId);
    if (seat === null) return;
    this.#isHeard = true;
    seat.isHeard = true;
    seat.isBehind = false;
    seat.heardAt = now;
    if (cursor !== null) seat.cursor = cursor;
    if (event.kind === 'ended' || event.kind === 'missing') {
      seat.follower.onEvent(event);
      this.#finish(seat);
    } else {
      this.#setConnection(seat, 'live');
      seat.follower.onEvent(event);
    }
  }

  /** Null: nobody here wants to know. */
  #seatOf(jobId: string | null): Seat | null {
    if (jobId === null) {
      // What names no job is about the only one.
      const [only = null, another] = this.#seats.values();
      return another === undefined && this.#lobby === null ? only : null;
    }
    const seat = this.#seats.get(jobId);
    if (seat !== undefined) return seat;
    const newcomer = this.#lobby?.onNewcomer(jobId) ?? null;
    if (newcomer === null) return null;
    const given = this.#seatFor(newcomer, undefined);
    newcomer.onSeated?.(this.#placeOf(given));
    return given;
  }

  #onEnd(end: StreamEnd): void {
    this.#close = null;
    switch (end.kind) {
      case 'closed':
        // The server ends streams now and then; only one that has told nothing was a bad one.
        if (this.#isHeard || this.#seats.size === 0) this.#retry();
        else this.#lose(this.#away());
        break;
      case 'broken':
        this.#lose(this.#away());
        break;
      case 'over':
        this.#shut();
        void this.#settle();
        break;
      case 'refused':
        this.#onRefused(end.error, end.final, end.retryAfterMs ?? 0);
        break;
    }
  }

  #onRefused(error: ApiError, isFinal: boolean, retryAfterMs: number): void {
    for (const { follower } of [...this.#seats.values()]) follower.onRefused(error, isFinal);
    this.#lobby?.onRefused(error, isFinal);
    const floor = isFinal ? this.#backoff.longest() : Math.min(MAX_FLOOR_MS, retryAfterMs);
    this.#lose(this.#away(), floor);
  }

  /** The server says that everything was seen. */
  async #settle(): Promise<void> {
    await Promise.all(
      [...this.#seats.values()].map(async (seat) => {
        const result = await seat.follower.probe();
        if (!this.#isSeated(seat)) return;
        if (result === 'missing') seat.follower.onEvent({ kind: 'missing' });
        if (result === 'missing' || result === 'over') this.#finish(seat);
      }),
    );
    if (!this.#isOver && this.#close === null) this.#lose(this.#away());
  }

  // Silence.

  #look(): void {
    const now = this.#context.now();
    if (now - this.#signAt > STALE_MS) {
      this.#lose('stale');
      return;
    }
    if (!this.#isHeard && this.#seats.size > 0) {
      if (now - this.#openedAt > FIRST_WORD_MS) this.#lose(this.#away());
      return;
    }
    if (this.#isAsking) return;
    let longest: Seat | null = null;
    for (const seat of this.#seats.values()) {
      if (now - seat.heardAt <= silenceOf(seat)) continue;
      if (longest === null || seat.heardAt < longest.heardAt) longest = seat;
    }
    if (longest !== null) void this.#ask(longest);
  }

  async #ask(seat: Seat): Promise<void> {
    const { heardAt } = seat;
    const open = this.#close;
    this.#isAsking = true;
    const result = await seat.follower.probe();
    this.#isAsking = false;
    if (!this.#isSeated(seat) || this.#close !== open || seat.heardAt !== heardAt) return;
    const now = this.#context.now();
    const quiet = now - this.#lastHeardAt() > BUSY_SILENCE_MS;
    if (result === 'same') {
      seat.heardAt = now;
      this.#setConnection(seat, 'live');
    } else if (result === 'behind' && !seat.isBehind) {
      seat.isBehind = true;
      seat.heardAt = now - silenceOf(seat) + CATCH_UP_MS;
    } else if (result === 'missing') {
      seat.follower.onEvent({ kind: 'missing' });
      this.#finish(seat);
    } else if (result === 'failed' && !quiet) {
      // Others are told of on this connection: another one would be no better.
      seat.heardAt = now;
      this.#setConnection(seat, 'stale');
    } else if (result === 'failed') {
      this.#lose(this.#away());
    } else {
      this.#retry(seat);
    }
  }

  #lastHeardAt(): number {
    return Math.max(...[...this.#seats.values()].map((seat) => seat.heardAt));
  }

  // Being seen.

  #onHidden(): void {
    if (this.#context.whenHidden === 'live') return;
    clearTimeout(this.#hiddenTimer);
    this.#hiddenTimer = setTimeout(() => {
      this.#isUnseen = true;
      if (this.#isResting()) {
        this.#shut();
        this.#setAll('stale');
      } else if (this.#wishesNow() !== this.wishes) {
        this.#planOpen(0);
      }
    }, HIDDEN_MS);
  }

  #onShown(): void {
    clearTimeout(this.#hiddenTimer);
    const wasSlow = this.#wishesNow() !== this.wishes;
    const wasResting = this.#isResting();
    this.#isUnseen = false;
    const isOld = this.#context.now() - this.#signAt > STALE_MS;
    if (wasSlow || wasResting || isOld || this.#isAway()) this.#wake();
  }

  #isResting(): boolean {
    return this.#isUnseen && this.#context.whenHidden === 'close';
  }

  /** The wishes themselves, unless they are more than is wanted while nobody looks. */
  #wishesNow(): Wishes {
    const { maxRate } = this.wishes;
    const isMore = maxRate === undefined || maxRate === 0 || maxRate > HIDDEN_RATE;
    return this.#isUnseen && isMore ? { ...this.wishes, maxRate: HIDDEN_RATE } : this.wishes;
  }
}

function silenceOf(seat: Seat): number {
  return seat.follower.isBusy() ? BUSY_SILENCE_MS : CALM_SILENCE_MS;
}
