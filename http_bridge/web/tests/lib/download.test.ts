import { describe, expect, it } from 'vitest';
import { fileName, htmlDocument } from '../../src/lib/download';
import { agoIn } from '../../src/lib/times';

describe('a file name', () => {
  it('has the letters of the title only', () => {
    expect(fileName('Why is the sky blue?', 'job_1', 'md')).toBe('Why-is-the-sky-blue.md');
    expect(fileName('../../etc/passwd\0', 'job_1', 'txt')).toBe('etc-passwd.txt');
    expect(fileName('空は青い', 'job_1', 'md')).toBe('空は青い.md');
  });

  it('is that of the job where the title has none', () => {
    expect(fileName('???', 'job_1', 'md')).toBe('job_1.md');
  });
});

describe('a page of its own', () => {
  it('takes its title as text, and lets nothing run', () => {
    const html = htmlDocument('</title><script>alert(1)</script>', 'en', '<p>Hi</p>');
    const page = new DOMParser().parseFromString(html, 'text/html');
    expect(page.querySelector('script')).toBeNull();
    expect(page.querySelector('p')?.textContent).toBe('Hi');
    expect(html).toContain("default-src 'none'");
  });
});

describe('how long ago', () => {
  const now = 1_000_000_000;
  it('is said in the language of the reader', () => {
    expect(agoIn('en', now - 3000, now)).toBe('now');
    expect(agoIn('en', now - 5 * 60_000, now)).toBe('5 min. ago');
    expect(agoIn('de', now - 26 * 3_600_000, now)).toBe('gestern');
  });

  it('is now where the clocks differ', () => {
    expect(agoIn('en', now + 60_000, now)).toBe('now');
  });
});
