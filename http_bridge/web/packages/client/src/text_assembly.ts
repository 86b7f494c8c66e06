/** One piece of a text. Offsets count UTF-8 bytes from the start of the text. */
export interface TextPiece {
  readonly attempt: number;
  readonly offset: number;
  readonly end: number;
  readonly text: string;
}

/**
 * What became of a piece: `appended` (at least in part), `duplicate` (all of it was here already)
 * or `gap` (something before it never came, or the piece contradicts itself: the text can't be
 * trusted until it has been given from the start again).
 */
export type PieceResult = 'appended' | 'duplicate' | 'gap';

/** A finished block is cut at the first line end past this many characters. */
const BLOCK_CHARS = 4096;

const encoder = new TextEncoder();
// A byte order mark is text like any other: the bytes must come out as they went in.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A text that arrives in pieces, put together by byte offset, so that a piece told twice is taken
 * once and a missing one is noticed.
 *
 * The text is kept in blocks of whole lines, of which only the last one changes: a page that shows
 * block for block does not lay out a long text anew for each word.
 */
export class TextAssembly {
  #blocks: string[] = [''];
  #chars = 0;
  #bytes = 0;
  /** Where the text begins that is held here. */
  #base = 0;
  #adopts: boolean;

  /** `adopts`: somebody else holds the beginning; the text goes on wherever the first piece is. */
  constructor(adopts = false) {
    this.#adopts = adopts;
  }

  /** It is not known yet where the text goes on. */
  get isOpen(): boolean {
    return this.#adopts;
  }

  /** Where the text begins that is held here, in UTF-8 bytes. */
  get start(): number {
    return this.#base;
  }

  /** Where the text ends, in UTF-8 bytes. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** Length of `text`, as JavaScript counts. */
  get length(): number {
    return this.#chars;
  }

  get text(): string {
    return this.#blocks.join('');
  }

  /** What follows the first `chars` of `text`. */
  after(chars: number): string {
    let missing = this.#chars - chars;
    const parts: string[] = [];
    for (let i = this.#blocks.length - 1; i >= 0 && missing > 0; i -= 1) {
      const block = this.#blocks[i] ?? '';
      parts.unshift(block.length > missing ? block.slice(-missing) : block);
      missing -= block.length;
    }
    return parts.join('');
  }

  /** Their concatenation is the text. A fresh array each time. */
  get blocks(): readonly string[] {
    return [...this.#blocks];
  }

  add(piece: TextPiece): PieceResult {
    const bytes = encoder.encode(piece.text);
    if (piece.end - piece.offset !== bytes.length || piece.offset < 0) return 'gap';
    if (this.#adopts) this.#begin(piece.offset);
    if (piece.offset > this.#bytes) return 'gap';
    if (piece.end <= this.#bytes) return 'duplicate';
    const held = this.#bytes - piece.offset;
    this.#append(held === 0 ? piece.text : decoder.decode(bytes.subarray(held)));
    this.#bytes = piece.end;
    return 'appended';
  }

  /** Forgets what comes after the first `offset` bytes. */
  truncate(offset: number): void {
    if (this.#adopts) this.#begin(offset);
    if (offset >= this.#bytes) return;
    const held = Math.max(0, offset - this.#base);
    const kept = decoder.decode(encoder.encode(this.text).subarray(0, held));
    this.#blocks = [''];
    this.#chars = 0;
    this.#append(kept);
    this.#bytes = Math.max(0, offset);
    this.#base = Math.min(this.#base, this.#bytes);
  }

  #begin(offset: number): void {
    this.#adopts = false;
    this.#base = offset;
    this.#bytes = offset;
  }

  #append(text: string): void {
    this.#chars += text.length;
    let tail = (this.#blocks.pop() ?? '') + text;
    while (tail.length > BLOCK_CHARS) {
      const lineEnd = tail.indexOf('\n', BLOCK_CHARS);
      if (lineEnd < 0) break;
      this.#blocks.push(tail.slice(0, lineEnd + 1));
      tail = tail.slice(lineEnd + 1);
    }
    this.#blocks.push(tail);
  }
}
