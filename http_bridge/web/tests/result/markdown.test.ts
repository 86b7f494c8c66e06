// The sanitiser needs a document that is true to the standard, which happy-dom is not quite.
// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { renderMarkdown } from '../../src/components/result/markdown';
import { hostileTexts, liveNodes } from '@support/hostile_texts';

function draw(text: string): HTMLElement {
  const box = document.createElement('div');
  box.append(renderMarkdown(text));
  document.body.append(box);
  return box;
}

describe('drawn Markdown', () => {
  it.each(hostileTexts)('has no live node: $name', ({ text }) => {
    const box = draw(text);
    expect(liveNodes(box)).toEqual([]);
    expect('__pwned' in window).toBe(false);
    box.remove();
  });

  it('shows tags as the text that they are', () => {
    expect(draw('a <b>bold</b> word').textContent.trim()).toBe('a <b>bold</b> word');
  });

  it('draws what models write', () => {
    const box = draw(
      '# Tea\n\n**Strong** and *weak*, `code`:\n\n1. one\n2. two\n\n> said\n\n' +
        '```js\nif (a < b) run();\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n',
    );
    expect(box.querySelector('h4')?.textContent).toBe('Tea');
    expect(box.querySelector('strong')?.textContent).toBe('Strong');
    expect(box.querySelectorAll('ol > li')).toHaveLength(2);
    expect(box.querySelector('blockquote')?.textContent.trim()).toBe('said');
    expect(box.querySelector('pre code')?.textContent).toBe('if (a < b) run();\n');
    expect(box.querySelectorAll('td')).toHaveLength(2);
    // Who only has a keyboard can scroll what is wider than the page.
    expect(box.querySelector('.wide pre')?.parentElement?.tabIndex).toBe(0);
  });

  it('opens links elsewhere, and tells their server nothing', () => {
    const link = draw('[tea](https://example.org/tea "a cup")').querySelector('a')!;
    expect(link.getAttribute('href')).toBe('https://example.org/tea');
    expect(link.target).toBe('_blank');
    expect(link.rel).toContain('noopener');
    expect(link.rel).toContain('noreferrer');
  });

  it('makes a link of a picture: loading it would tell that the answer was read', () => {
    const box = draw('![a cup](https://example.org/cup.png)');
    expect(box.querySelector('img')).toBeNull();
    expect(box.querySelector('a')?.textContent).toBe('a cup');
  });

  it('gives each paragraph the direction of its own language', () => {
    const box = draw('hello\n\nمرحبا');
    expect([...box.querySelectorAll('p')].map((p) => p.dir)).toEqual(['auto', 'auto']);
  });
});
