import type { JobView } from '@genwatch/client';
import { whyOf } from './card_text';
import { endSentence, reasonWords } from './sentences';
import type { Words } from './words';

/** What happened, in one sentence. */
export function happenedOf(view: JobView, words: Words): string {
  const { m } = words;
  const { reason, state } = view;
  if (view.message !== null || (reason !== null && Object.hasOwn(m.reasons, reason))) {
    return endSentence(whyOf(view, words) ?? '');
  }
  if (state === 'cancelled') return m.youCancelled;
  if (state === 'expired') return m.waitedTooLong;
  return reason === null ? m.failedSomehow : m.failedBecause(reasonWords(reason));
}
