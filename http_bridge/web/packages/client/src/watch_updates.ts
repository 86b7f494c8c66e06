import type { Connection } from './connection';
import type { JobView } from './job_view';
import type { JobWatch, WatchAspect } from './job_watch';
import type { Channel } from './states';
import type { TextAssembly } from './text_assembly';

interface About {
  readonly jobId: string;
  /** Goes on after all that was told so far. Absent where more is about to be told. */
  readonly cursor?: string;
}

/** What is told about a job. Offsets are UTF-8 bytes. */
export type WatchUpdate =
  /** The newest numbers; those in between may have been passed over. */
  | ({ readonly kind: 'progress'; readonly view: JobView } & About)
  /** The text goes on, once each and in order. */
  | ({
      readonly kind: 'text';
      readonly channel: Channel;
      readonly offset: number;
      readonly text: string;
    } & About)
  /** Forget the text after the offset: another attempt does not go on from there. */
  | ({ readonly kind: 'reset'; readonly channel: Channel; readonly offset: number } & About)
  /** How the connection is. Says nothing about the job. */
  | ({ readonly kind: 'connection'; readonly connection: Connection } & About)
  /** The last word about a job: `view.state` says how it ended. */
  | ({ readonly kind: 'ended'; readonly view: JobView } & About)
  /** There is no such job, or not for this caller. The last word, too. */
  | ({ readonly kind: 'missing' } & About);

const CHANNELS: readonly Channel[] = ['thinking', 'answer'];

/** How much of a text was told. */
interface Told {
  assembly: TextAssembly;
  chars: number;
  bytes: number;
  resetTo: number | null;
  /** Somebody else holds the beginning, and it is not known yet how much of it. */
  isOpen: boolean;
}

/**
 * One who is told what a watch knows, as fast as he asks for it. Nothing is kept for a slow one but
 * where he stands: he is told the newest numbers and all of the text, in larger pieces.
 */
export class WatchReader {
  readonly watch: JobWatch;
  readonly #unsubscribe: () => void;
  readonly #told: Record<Channel, Told>;
  #viewIsNew = false;
  #connection: Connection;
  #isOver = false;

  /** `wake` is called when there may be something to take; it must not take it itself. */
  constructor(watch: JobWatch, wake: () => void) {
    this.watch = watch;
    this.#connection = watch.connection;
    this.#told = { answer: toldOf(watch, 'answer'), thinking: toldOf(watch, 'thinking') };
    this.#unsubscribe = watch.subscribe((aspect) => {
      this.#note(aspect);
      wake();
    });
  }

  /** The last word was taken. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** All that there is to tell now. */
  take(): WatchUpdate[] {
    if (this.#isOver) return [];
    const { watch } = this;
    const { jobId } = watch;
    const updates: WatchUpdate[] = [];
    if (watch.connection !== this.#connection && watch.connection !== 'done') {
      updates.push({ kind: 'connection', jobId, connection: watch.connection });
    }
    this.#connection = watch.connection;
    for (const channel of CHANNELS) {
      const told = this.#told[channel];
      if (told.resetTo === null) continue;
      updates.push({ kind: 'reset', jobId, channel, offset: told.resetTo });
      told.resetTo = null;
    }
    for (const channel of CHANNELS) this.#takeText(channel, updates);
    this.#isOver = watch.connection === 'done';
    if (this.#isOver) {
      updates.push(
        watch.missing ? { kind: 'missing', jobId } : { kind: 'ended', jobId, view: watch.view },
      );
    } else if (this.#viewIsNew) {
      updates.push({ kind: 'progress', jobId, view: watch.view });
    }
    this.#viewIsNew = false;
    const last = updates.pop();
    if (last === undefined) return [];
    const { cursor } = watch;
    return [...updates, cursor === undefined ? last : { ...last, cursor }];
  }

  close(): void {
    this.#unsubscribe();
  }

  #takeText(channel: Channel, updates: WatchUpdate[]): void {
    const told = this.#told[channel];
    const { assembly } = told;
    const text = assembly.after(told.chars);
    if (text === '') return;
    updates.push({ kind: 'text', jobId: this.watch.jobId, channel, offset: told.bytes, text });
    told.chars = assembly.length;
    told.bytes = assembly.byteLength;
  }

  #note(aspect: WatchAspect): void {
    if (aspect === 'view') this.#viewIsNew = true;
    if (aspect !== 'text') return;
    for (const channel of CHANNELS) {
      const told = this.#told[channel];
      const assembly = this.watch.text(channel);
      if (assembly !== told.assembly) {
        const hadSome = told.isOpen || told.bytes > 0 || told.resetTo !== null;
        const resetTo = hadSome ? 0 : null;
        this.#told[channel] = { assembly, chars: 0, bytes: 0, resetTo, isOpen: false };
      } else if (told.isOpen && !assembly.isOpen) {
        told.isOpen = false;
        told.bytes = assembly.start;
        // Without text, it was a reset that said where it goes on.
        if (assembly.length === 0) told.resetTo = assembly.start;
      } else if (assembly.byteLength < told.bytes) {
        told.bytes = assembly.byteLength;
        told.chars = assembly.length;
        told.resetTo = Math.min(told.resetTo ?? Infinity, told.bytes);
      }
    }
  }
}

function toldOf(watch: JobWatch, channel: Channel): Told {
  const assembly = watch.text(channel);
  return { assembly, chars: 0, bytes: 0, resetTo: null, isOpen: assembly.isOpen };
}
