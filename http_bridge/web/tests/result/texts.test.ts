import { describe, expect, it } from 'vitest';
import { appDocument } from '../../src/lib/app_document';
import { postKind } from '../../src/lib/kinds';
import { beginning, textBlocks } from '../../src/lib/text_blocks';
import { hostileTexts } from '@support/hostile_texts';

describe('the document of an app', () => {
  const page = '<!doctype html>\n<html><body>Hi</body></html>';

  it('is the answer itself, what stands in its fence, or what one talks around', () => {
    expect(appDocument(page)).toBe(page);
    expect(appDocument(`Sure:\n\`\`\`html\n${page}\n\`\`\`\nEnjoy`)).toBe(page);
    expect(appDocument(`Here you are: ${page} Enjoy`)).toBe(page);
    expect(appDocument(`~~~~\n${page}\n~~~~`)).toBe(page);
  });

  it('is the longest of several, and as far as it came of one that was cut', () => {
    expect(appDocument(`\`\`\`html\n<div>a</div>\n\`\`\`\n\`\`\`html\n${page}\n\`\`\``)).toBe(page);
    expect(appDocument('```html\n<!doctype html>\n<p>half')).toBe('<!doctype html>\n<p>half');
    expect(appDocument('Well: <html><p>half')).toBe('<html><p>half');
  });

  it('is not made of what is none', () => {
    expect(appDocument('I cannot do that.')).toBeNull();
    expect(appDocument('```js\nalert(1)\n```')).toBeNull();
    expect(appDocument('Use the <html> element with care')).not.toBeNull();
  });
});

/** Without halves of characters, which UTF-8 cannot say. */
function isWhole(text: string): boolean {
  return new TextDecoder().decode(new TextEncoder().encode(text)) === text;
}

describe('long texts', () => {
  it.each(hostileTexts)('are cut into blocks that are the text again: $name', ({ text }) => {
    expect(textBlocks(text).join('')).toBe(text);
  });

  it('are cut at lines where there are some, and never inside a character', () => {
    const lines = 'a line of words\n'.repeat(5000);
    const blocks = textBlocks(lines);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.every((block) => block.endsWith('\n'))).toBe(true);
    const emoji = `x${'😀'.repeat(100_000)}`;
    expect(textBlocks(emoji).join('')).toBe(emoji);
    expect(textBlocks(emoji).every(isWhole)).toBe(true);
    for (const chars of [1000, 1001]) expect(isWhole(beginning(emoji, chars))).toBe(true);
    expect(beginning(lines, 1000).endsWith('\n')).toBe(true);
    expect(beginning('short', 1000)).toBe('short');
  });
});

describe('the kind of a post', () => {
  it('is told by its label; other words are not for the wall', () => {
    expect(postKind({ kind: 'app' })).toBe('app');
    expect(postKind({ kind: 'prompt' })).toBe('prompt');
    expect(postKind({})).toBe('prompt');
    expect(postKind({ kind: 'title' })).toBeNull();
    expect(postKind({ kind: '__proto__' })).toBeNull();
  });
});
