/** A block ends with the first line end past this many characters, and at the latest at twice that. */
const BLOCK_CHARS = 8192;

/**
 * Cuts a long text into blocks that a page lays out one by one; put together they are the text. A
 * block ends with a line where it can, and never inside a character.
 */
export function textBlocks(text: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  while (text.length - start > BLOCK_CHARS) {
    const lineEnd = text.indexOf('\n', start + BLOCK_CHARS) + 1;
    const latest = start + 2 * BLOCK_CHARS;
    let end = lineEnd > 0 && lineEnd <= latest ? lineEnd : Math.min(latest, text.length);
    if (isHighSurrogate(text.charCodeAt(end - 1)) && end < text.length) end += 1;
    blocks.push(text.slice(start, end));
    start = end;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

/** The beginning of a text, at most so many characters, cut after a line where there is one. */
export function beginning(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const lineEnd = text.lastIndexOf('\n', chars - 1) + 1;
  if (lineEnd > chars / 2) return text.slice(0, lineEnd);
  return text.slice(0, isHighSurrogate(text.charCodeAt(chars - 1)) ? chars - 1 : chars);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
