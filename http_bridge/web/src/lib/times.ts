const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in a few words of the language. Both in Unix ms. */
export function agoIn(language: string, then: number, now: number): string {
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const age = Math.max(0, now - then);
  if (age < 10 * SECOND) return words.format(0, 'second');
  if (age < MINUTE) return words.format(-Math.floor(age / SECOND / 10) * 10, 'second');
  if (age < HOUR) return words.format(-Math.floor(age / MINUTE), 'minute');
  if (age < DAY) return words.format(-Math.floor(age / HOUR), 'hour');
  return words.format(-Math.floor(age / DAY), 'day');
}

/** The exact time, in the reader's own zone. */
export function exactIn(language: string, time: number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(
    time,
  );
}
