import { describe, expect, it } from 'vitest';
import type { TextPiece } from '../src/text_assembly';
import { TextAssembly } from '../src/text_assembly';

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

function piece(offset: number, text: string, attempt = 1): TextPiece {
  return { attempt, offset, end: offset + bytesOf(text), text };
}

describe('TextAssembly', () => {
  it('joins pieces that follow each other', () => {
    const text = new TextAssembly();
    expect(text.add(piece(0, 'Grüße '))).toBe('appended');
    expect(text.add(piece(8, 'aus 東京'))).toBe('appended');
    expect(text.text).toBe('Grüße aus 東京');
    expect(text.byteLength).toBe(bytesOf('Grüße aus 東京'));
  });

  it('takes a piece that was told twice once', () => {
    const text = new TextAssembly();
    text.add(piece(0, 'abc'));
    expect(text.add(piece(0, 'abc'))).toBe('duplicate');
    expect(text.add(piece(1, 'b'))).toBe('duplicate');
    expect(text.text).toBe('abc');
  });

  it('takes of an overlapping piece only what is new, counted in bytes', () => {
    const text = new TextAssembly();
    text.add(piece(0, '🙂é'));
    expect(text.add(piece(4, 'é東x'))).toBe('appended');
    expect(text.text).toBe('🙂é東x');
  });

  it('notices that something is missing, and changes nothing then', () => {
    const text = new TextAssembly();
    text.add(piece(0, 'abc'));
    expect(text.add(piece(5, 'fg'))).toBe('gap');
    expect(text.text).toBe('abc');
  });

  it('does not trust a piece whose length contradicts its offsets', () => {
    const text = new TextAssembly();
    expect(text.add({ attempt: 1, offset: 0, end: 3, text: 'é' })).toBe('gap');
    expect(text.text).toBe('');
  });

  it('forgets what comes after a byte offset, and goes on from there', () => {
    const text = new TextAssembly();
    text.add(piece(0, 'né à Paris'));
    text.truncate(3);
    expect(text.text).toBe('né');
    expect(text.add(piece(3, ' à Rome', 2))).toBe('appended');
    expect(text.text).toBe('né à Rome');
    text.truncate(0);
    expect(text.text).toBe('');
    expect(text.byteLength).toBe(0);
  });

  it('ignores a reset to beyond what it holds', () => {
    const text = new TextAssembly();
    text.add(piece(0, 'abc'));
    text.truncate(10);
    expect(text.text).toBe('abc');
    expect(text.byteLength).toBe(3);
  });

  it('keeps a byte order mark, which is text here', () => {
    const text = new TextAssembly();
    text.add(piece(0, 'a'));
    text.add(piece(0, 'a\uFEFFb'));
    text.truncate(4);
    expect(text.text).toBe('a\uFEFF');
  });

  it('keeps finished blocks as they are while the text grows', () => {
    const text = new TextAssembly();
    const line = `${'x'.repeat(99)}\n`;
    let offset = 0;
    const add = (part: string): void => {
      text.add(piece(offset, part));
      offset += bytesOf(part);
    };
    for (let i = 0; i < 100; i += 1) add(line);
    const before = text.blocks;
    expect(before.length).toBeGreaterThan(1);
    add('tail');
    expect(text.blocks.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
    expect(text.blocks.join('')).toBe(line.repeat(100) + 'tail');
  });

  it('is the same text however it was cut and repeated', () => {
    const whole = 'Naïve 🙂 „Zitat“ — 日本語\r\n'.repeat(400);
    const bytes = new TextEncoder().encode(whole);
    const isBorder = (at: number): boolean => at === bytes.length || (bytes[at]! & 0xc0) !== 0x80;
    let seed = 7;
    const random = (limit: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % limit;
    };
    const text = new TextAssembly();
    while (text.byteLength < bytes.length) {
      let from = Math.max(0, text.byteLength - random(30));
      while (!isBorder(from)) from -= 1;
      let to = Math.min(bytes.length, text.byteLength + 1 + random(60));
      while (!isBorder(to)) to += 1;
      text.add({
        attempt: 1,
        offset: from,
        end: to,
        text: new TextDecoder().decode(bytes.subarray(from, to)),
      });
    }
    expect(text.text).toBe(whole);
  });
});
