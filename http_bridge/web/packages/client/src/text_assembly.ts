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
  #bytes = 0;

  /** Length in UTF-8 bytes. */
  get byteLength(): number {
    return this.#bytes;
  }

  get text(): string {
    return this.#blocks.join('');
  }

  /** Their concatenation is the text. A fresh array each time. */
  get blocks(): readonly string[] {
    return [...this.#blocks];
  }

  add(piece: TextPiece): PieceResult {
    const bytes = encoder.encode(piece.text);
    if (piece.end - piece.offset !== bytes.length || piece.offset < 0) return 'gap';
    if (piece.offset > this.#bytes) return 'gap';
    if (piece.end <= this.#bytes) return 'duplicate';
    const held = this.#bytes - piece.offset;
    this.#append(held === 0 ? piece.text : decoder.decode(bytes.subarray(held)));
    this.#bytes = piece.end;
    return 'appended';
  }

  /** Forgets what comes after the first `offset` bytes. */
  truncate(offset: number): void {
    if (offset >= this.#bytes) return;
    const kept = decoder.decode(encoder.encode(this.text).subarray(0, Math.max(0, offset)));
    this.#blocks = [''];
    this.#append(kept);
    this.#bytes = Math.max(0, offset);
  }

  #append(text: string): void {
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
