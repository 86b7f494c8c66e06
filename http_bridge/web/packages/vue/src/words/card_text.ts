import type { JobView } from '@genwatch/client';
import { conditionOf, isTerminal } from '@genwatch/client';
import { endSentence, plainWord, reasonWords } from './sentences';
import type { Words } from './words';

/** The sentences of the card. Pure, so that each can be read in a test. */

export function stateWord(view: JobView, { m }: Words): string {
  const condition = conditionOf(view);
  return condition === 'unknown' && view.stateWord !== ''
    ? plainWord(view.stateWord)
    : m.states[condition];
}

/** "3 of 8"; null while the place in the queue is unknown. */
export function queuePlace(view: JobView, { m, f }: Words): string | null {
  const { queuePosition, queueSize } = view;
  if (queuePosition === null) return null;
  return queueSize === null
    ? f.count(queuePosition)
    : m.place(f.count(queuePosition), f.count(Math.max(queueSize, queuePosition)));
}

/** Which attempt the reader would count: those that failed, and this one. */
export function attemptOf(view: JobView, { m, f }: Words): string {
  const attempt = view.failures + 1;
  const most = view.maxFailures;
  return most > 0
    ? m.attempt(f.count(Math.min(attempt, most)), f.count(most))
    : m.attempt(f.count(attempt), null);
}

/** Why, in the language of the words where they know the reason, else as the server says it. */
export function whyOf(view: JobView, { m }: Words): string | null {
  const { reason, message } = view;
  return (
    (reason === null ? undefined : m.reasons[reason]) ??
    message ??
    (reason === null ? null : reasonWords(reason))
  );
}

/** What an attempt after the first does with the text that was there; null: there was none. */
export function attemptNote(view: JobView, words: Words): string | null {
  const { state, attempt, failures, resumeMode } = view;
  if (isTerminal(state) || attempt === 0) return null;
  const parts = [
    failures > 0 ? attemptOf(view, words) : null,
    state !== 'processing' || attempt === 1 || resumeMode === null ? null : words.m[resumeMode],
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

export function remainingText(view: JobView, { f }: Words, long = false): string | null {
  return f.remaining(view.remainingMs, view.remainingLowMs, view.remainingHighMs, long);
}

/** For `aria-valuetext`: "230 tokens, about 20 seconds left". */
export function barText(view: JobView, words: Words): string {
  const { m, f } = words;
  const tokens = m.tokens(view.tokens, f);
  const condition = conditionOf(view);
  switch (condition) {
    case 'completed':
      return `${m.states.completed}, ${tokens}`;
    case 'queued': {
      const place = queuePlace(view, words);
      const wait = view.expectedWaitMs === null ? [] : [f.about(view.expectedWaitMs, true)];
      return place === null ? m.states.queued : [m.states.queued, place, ...wait].join(', ');
    }
    case 'thinking':
    case 'generating': {
      const left = remainingText(view, words, true);
      return left === null ? tokens : `${tokens}, ${m.left(left)}`;
    }
    default:
      return stateWord(view, words);
  }
}

/**
 * What is read aloud when the state changes, and only then: no number in it may tick.
 */
export function announcement(view: JobView, words: Words): string {
  if (!view.known) return '';
  const { m, f } = words;
  switch (view.state) {
    case 'queued':
      return view.retryAt === null
        ? `${stateWord(view, words)}.`
        : `${m.states.retrying}, ${attemptOf(view, words)}.`;
    case 'processing':
      return [m.working, attemptNote(view, words)].filter((part) => part !== null).join(', ') + '.';
    case 'completed':
      return m.completedIn(m.tokens(view.tokens, f), f.elapsed(view.elapsedMs));
    case 'failed': {
      const why = whyOf(view, words);
      return `${m.states.failed}. ${why === null ? '' : endSentence(why)}`.trim();
    }
    default:
      return `${stateWord(view, words)}.`;
  }
}
