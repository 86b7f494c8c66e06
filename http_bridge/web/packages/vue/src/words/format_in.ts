import type { Messages } from '../messages/types';

/** Numbers and times in words of one language, rounded to what is known. Durations are ms. */
export interface Format {
  readonly count: (count: number) => string;
  /** Tokens a second, without the unit. */
  readonly rate: (rate: number) => string;
  /** A duration that was measured: "4.2 s", "1 min 16 s", "1 h 4 min". */
  readonly elapsed: (ms: number) => string;
  /** A short time to wait, in whole seconds: "4 s", "1 min 5 s". Never below 0. */
  readonly countdown: (ms: number) => string;
  /** "about 20 s"; with `long`, "about 20 seconds". */
  readonly about: (ms: number, long?: boolean) => string;
  /**
   * The time left. One number while the band is narrow, "1 to 3 min" when it is not; null while
   * nothing is known.
   */
  readonly remaining: (
    estimateMs: number | null,
    lowMs: number | null,
    highMs: number | null,
    long?: boolean,
  ) => string | null;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

type Unit = keyof Messages['units'];

interface Guess {
  readonly amount: number;
  readonly unit: Unit;
}

const LONG_UNITS: Record<Unit, string> = { s: 'second', min: 'minute', h: 'hour' };

/** A duration that is a guess, no finer than guesses are. */
function roundGuess(ms: number): Guess {
  const seconds = ms / SECOND;
  if (seconds < 27.5) return { amount: Math.max(5, Math.round(seconds / 5) * 5), unit: 's' };
  if (seconds < 55) return { amount: Math.round(seconds / 10) * 10, unit: 's' };
  const minutes = ms / MINUTE;
  if (minutes < 9.5) return { amount: Math.max(1, Math.round(minutes)), unit: 'min' };
  if (minutes < 57.5) return { amount: Math.round(minutes / 5) * 5, unit: 'min' };
  return { amount: Math.round((ms / HOUR) * 2) / 2, unit: 'h' };
}

export function formatIn(m: Messages): Format {
  const whole = new Intl.NumberFormat(m.locale, { maximumFractionDigits: 0 });
  const plain = new Intl.NumberFormat(m.locale);
  const tenths = new Intl.NumberFormat(m.locale, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const short = (amount: number, unit: Unit): string => `${plain.format(amount)} ${m.units[unit]}`;
  const say = ({ amount, unit }: Guess, long: boolean): string =>
    long
      ? new Intl.NumberFormat(m.locale, {
          style: 'unit',
          unit: LONG_UNITS[unit],
          unitDisplay: 'long',
        }).format(amount)
      : short(amount, unit);
  const about = (ms: number, long = false): string => m.about(say(roundGuess(ms), long));
  return {
    about,
    count: (count) => whole.format(Math.round(count)),
    rate: (rate) => (rate >= 99.95 ? whole : tenths).format(rate),
    elapsed: (ms) => {
      if (ms < MINUTE) return `${tenths.format(Math.floor(ms / 100) / 10)} ${m.units.s}`;
      const minutes = Math.floor(ms / MINUTE);
      return ms < HOUR
        ? `${short(minutes, 'min')} ${short(Math.floor((ms % MINUTE) / SECOND), 's')}`
        : `${short(Math.floor(minutes / 60), 'h')} ${short(minutes % 60, 'min')}`;
    },
    countdown: (ms) => {
      const seconds = Math.max(0, Math.ceil(ms / SECOND));
      return seconds < 60
        ? short(seconds, 's')
        : `${short(Math.floor(seconds / 60), 'min')} ${short(seconds % 60, 's')}`;
    },
    remaining: (estimateMs, lowMs, highMs, long = false) => {
      if (estimateMs === null) return null;
      if (lowMs !== null && highMs !== null && highMs > 1.8 * lowMs + 5 * SECOND) {
        const low = roundGuess(lowMs);
        const high = roundGuess(highMs);
        if (low.unit !== high.unit) return m.range(say(low, long), say(high, long));
        if (low.amount < high.amount) return m.range(plain.format(low.amount), say(high, long));
      }
      return about(estimateMs, long);
    },
  };
}
