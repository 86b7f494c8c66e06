/** Numbers and times in words, rounded to what is known. Pure; everything in plain English. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function formatCount(count: number): string {
  return counts.format(Math.round(count));
}

/** "1 token", "1,204 tokens". */
export function formatTokens(count: number): string {
  return `${formatCount(count)} ${Math.round(count) === 1 ? 'token' : 'tokens'}`;
}

/** Tokens a second, without the unit. */
export function formatRate(rate: number): string {
  return rate >= 99.95 ? formatCount(rate) : rate.toFixed(1);
}

/** A duration that was measured: "4.2 s", "1 min 16 s", "1 h 4 min". */
export function formatElapsed(ms: number): string {
  if (ms < MINUTE) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(ms / MINUTE);
  if (ms < HOUR) return `${minutes} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A short time to wait, counted in whole seconds: "4 s", "1 min 5 s". Never below 0. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

interface Rounded {
  readonly amount: number;
  readonly unit: 's' | 'min' | 'h';
}

/** A duration that is a guess, no finer than guesses are. */
function roundGuess(ms: number): Rounded {
  const seconds = ms / SECOND;
  if (seconds < 27.5) return { amount: Math.max(5, Math.round(seconds / 5) * 5), unit: 's' };
  if (seconds < 55) return { amount: Math.round(seconds / 10) * 10, unit: 's' };
  const minutes = ms / MINUTE;
  if (minutes < 9.5) return { amount: Math.max(1, Math.round(minutes)), unit: 'min' };
  if (minutes < 57.5) return { amount: Math.round(minutes / 5) * 5, unit: 'min' };
  return { amount: Math.round((ms / HOUR) * 2) / 2, unit: 'h' };
}

const UNIT_WORDS: Record<Rounded['unit'], readonly [string, string]> = {
  s: ['second', 'seconds'],
  min: ['minute', 'minutes'],
  h: ['hour', 'hours'],
};

function say(guess: Rounded, long: boolean): string {
  if (!long) return `${guess.amount} ${guess.unit}`;
  return `${guess.amount} ${UNIT_WORDS[guess.unit][guess.amount === 1 ? 0 : 1]}`;
}

/** "about 20 s"; with `long`, "about 20 seconds". */
export function formatAbout(ms: number, long = false): string {
  return `about ${say(roundGuess(ms), long)}`;
}

/**
 * The time left. One number while the band is narrow, "1 to 3 min" when it is not; null while
 * nothing is known.
 */
export function formatRemaining(
  estimateMs: number | null,
  lowMs: number | null,
  highMs: number | null,
  long = false,
): string | null {
  if (estimateMs === null) return null;
  if (lowMs !== null && highMs !== null && highMs > 1.8 * lowMs + 5 * SECOND) {
    const low = roundGuess(lowMs);
    const high = roundGuess(highMs);
    if (low.unit !== high.unit) return `${say(low, long)} to ${say(high, long)}`;
    if (low.amount < high.amount) return `${low.amount} to ${say(high, long)}`;
  }
  return formatAbout(estimateMs, long);
}

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

/** "OUT_OF_MEMORY" for people: "out of memory". */
export function reasonWords(reason: string): string {
  return reason.toLowerCase().replaceAll('_', ' ');
}

/** A word of the server's that this page does not know: "STATE_ON_ICE" becomes "On ice". */
export function plainWord(word: string): string {
  const plain = reasonWords(word.replace(/^(STATE|PHASE|PRIORITY)_/, ''));
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** A message of the server's as a sentence: they come with and without a capital and a full stop. */
export function endSentence(text: string): string {
  const sentence = text.trim();
  const first = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
