import { describe, expect, it } from 'vitest';
import {
  firstLine,
  formatAbout,
  formatAgo,
  formatBytes,
  formatCountdown,
  formatElapsed,
  formatRate,
  formatRemaining,
  formatTokens,
} from '../../src/lib/format';
import { plainWord } from '@genwatch/vue';

describe('format', () => {
  it.each([
    [0, '0.0 s'],
    [16_249, '16.2 s'],
    [59_999, '59.9 s'],
    [76_000, '1 min 16 s'],
    [3_840_000, '1 h 4 min'],
  ])('says %d ms that were measured as %s', (ms, words) => {
    expect(formatElapsed(ms)).toBe(words);
  });

  it.each([
    [900, 'about 5 s'],
    [19_800, 'about 20 s'],
    [41_000, 'about 40 s'],
    [56_000, 'about 1 min'],
    [118_000, 'about 2 min'],
    [23 * 60_000, 'about 25 min'],
    [80 * 60_000, 'about 1.5 h'],
  ])('rounds a guess of %d ms to %s', (ms, words) => {
    expect(formatAbout(ms)).toBe(words);
  });

  it('says a range where the band is wide, and one number where it is not', () => {
    expect(formatRemaining(20_000, 17_000, 23_000)).toBe('about 20 s');
    expect(formatRemaining(100_000, 55_000, 180_000)).toBe('1 to 3 min');
    expect(formatRemaining(60_000, 20_000, 120_000)).toBe('20 s to 2 min');
    expect(formatRemaining(100_000, null, null)).toBe('about 2 min');
    expect(formatRemaining(null, 1, 2)).toBeNull();
  });

  it('writes units out for those who listen', () => {
    expect(formatRemaining(20_000, 17_000, 23_000, true)).toBe('about 20 seconds');
    expect(formatAbout(60_000, true)).toBe('about 1 minute');
  });

  it('counts down in whole seconds and never below zero', () => {
    expect(formatCountdown(3_001)).toBe('4 s');
    expect(formatCountdown(65_000)).toBe('1 min 5 s');
    expect(formatCountdown(-5)).toBe('0 s');
  });

  it('says counts, rates and sizes as they are read', () => {
    expect(formatTokens(1)).toBe('1 token');
    expect(formatTokens(1204)).toBe('1,204 tokens');
    expect(formatRate(12.44)).toBe('12.4');
    expect(formatRate(123.4)).toBe('123');
    expect(formatBytes(5.2e9)).toBe('5.2 GB');
    expect(formatBytes(12)).toBe('12 bytes');
    expect(formatBytes(999_999)).toBe('1.0 MB');
  });

  it('says how long ago something was', () => {
    const now = 1e12;
    expect(formatAgo(now - 3_000, now)).toBe('just now');
    expect(formatAgo(now - 47_000, now)).toBe('40 s ago');
    expect(formatAgo(now - 600_000, now)).toBe('10 min ago');
    expect(formatAgo(now - 86_400_000, now)).toBe('yesterday');
    // The clock of the server may be ahead.
    expect(formatAgo(now + 5_000, now)).toBe('just now');
  });

  it('takes the first line that says something', () => {
    expect(firstLine('\n\n  Write a poem\r\nabout rain')).toBe('Write a poem');
    expect(firstLine('  \n ')).toBe('');
  });

  it('makes a word of a constant that it does not know', () => {
    expect(plainWord('STATE_ON_ICE')).toBe('On ice');
  });
});
