import {
  endSentence,
  formatAbout,
  formatCountdown,
  formatElapsed,
  formatRemaining,
  formatTokens,
  plainWord,
  reasonWords,
} from './format';
import type { JobView } from '@genwatch/client';
import { conditionOf } from '@genwatch/client';
import { CONDITION_WORDS } from './conditions';

/** The sentences of the card. Pure, so that each can be read in a test. */

export function stateWord(view: JobView): string {
  const condition = conditionOf(view);
  return condition === 'unknown' && view.stateWord !== ''
    ? plainWord(view.stateWord)
    : CONDITION_WORDS[condition];
}

/** "3 of 8"; null while the place in the queue is unknown. */
export function queuePlace(view: JobView): string | null {
  if (view.queuePosition === null) return null;
  return view.queueSize === null
    ? String(view.queuePosition)
    : `${view.queuePosition} of ${Math.max(view.queueSize, view.queuePosition)}`;
}

/** Which attempt the reader would count: those that failed, and this one. */
export function attemptOf(view: JobView): string {
  const attempt = view.failures + 1;
  return view.maxFailures > 0
    ? `attempt ${Math.min(attempt, view.maxFailures)} of ${view.maxFailures}`
    : `attempt ${attempt}`;
}

/** "Attempt 2 of 3 in 4 s, because the model server does not answer." */
export function retrySentence(view: JobView, serverTimeMs: number): string {
  const left = (view.retryAt ?? serverTimeMs) - serverTimeMs;
  const when = left > 0 ? `in ${formatCountdown(left)}` : 'now';
  const why = view.message ?? (view.reason === null ? null : reasonWords(view.reason));
  const attempt = attemptOf(view);
  const start = `${attempt.charAt(0).toUpperCase()}${attempt.slice(1)} ${when}`;
  return why === null ? `${start}.` : `${start}. Why: ${endSentence(why)}`;
}

export function remainingText(view: JobView, long = false): string | null {
  return formatRemaining(view.remainingMs, view.remainingLowMs, view.remainingHighMs, long);
}

/** For `aria-valuetext`: "230 tokens, about 20 seconds left". */
export function barText(view: JobView): string {
  const condition = conditionOf(view);
  switch (condition) {
    case 'completed':
      return `Completed, ${formatTokens(view.tokens)}`;
    case 'queued': {
      const place = queuePlace(view);
      const wait =
        view.expectedWaitMs === null ? '' : `, ${formatAbout(view.expectedWaitMs, true)}`;
      return place === null ? 'Queued' : `Queued, ${place}${wait}`;
    }
    case 'thinking':
    case 'generating': {
      const left = remainingText(view, true);
      return left === null
        ? formatTokens(view.tokens)
        : `${formatTokens(view.tokens)}, ${left} left`;
    }
    default:
      return stateWord(view);
  }
}

/**
 * What is read aloud when the state changes, and only then: no number in it may tick.
 */
export function announcement(view: JobView): string {
  if (!view.known) return '';
  switch (view.state) {
    case 'queued':
      return view.retryAt === null ? 'Queued.' : `Waiting to retry, ${attemptOf(view)}.`;
    case 'processing':
      return view.failures > 0 ? `Working, ${attemptOf(view)}.` : 'Working.';
    case 'completed':
      return `Completed: ${formatTokens(view.tokens)} in ${formatElapsed(view.elapsedMs)}.`;
    case 'failed':
      return `Failed. ${view.message === null ? '' : endSentence(view.message)}`.trim();
    default:
      return `${stateWord(view)}.`;
  }
}
