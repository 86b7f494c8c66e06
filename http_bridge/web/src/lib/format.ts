import { ENGLISH } from '@genwatch/vue';

/**
 * The card's numbers and times in English, and a few more for the pages around it. What speaks the
 * reader's language takes them from the `f` of `useWords()`.
 */

const { f } = ENGLISH;

export const formatCount = f.count;
export const formatRate = f.rate;
export const formatElapsed = f.elapsed;
export const formatCountdown = f.countdown;
export const formatAbout = f.about;
export const formatRemaining = f.remaining;

/** "1 token", "1,204 tokens". */
export function formatTokens(count: number): string {
  return ENGLISH.m.tokens(Math.round(count), f);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in one or two words. Both in Unix ms. */
export function formatAgo(then: number, now: number): string {
  const age = now - then;
  if (age < 10 * SECOND) return 'just now';
  if (age < MINUTE) return `${Math.floor(age / SECOND / 10) * 10} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  const days = Math.floor(age / DAY);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** The exact time, in the reader's own zone. */
export function formatExact(time: number): string {
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** Decimal units, as model files are sold: "4.7 GB". */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** The first line that says something, for rows and titles. */
export function firstLine(text: string): string {
  return text.trimStart().split(/[\r\n\u2028\u2029]/u, 1)[0] ?? '';
}
