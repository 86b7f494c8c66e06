import type { JobView } from '@genwatch/client';
import type { NextStep } from '../messages/types';
import { attemptOf, whyOf } from './card_text';
import { lateOf } from './late';
import { endSentence } from './sentences';
import type { Words } from './words';

/** By the reason that the services give; for others there is a general sentence. */
const STEPS: Readonly<Partial<Record<NextStep, string>>> = {
  server:
    'MODEL_SERVER_UNREACHABLE MODEL_SERVER_ERROR CONNECTION_LOST STREAM_BROKEN STREAM_INCOMPLETE',
  address: 'NOT_A_MODEL_SERVER',
  access: 'UNAUTHORIZED FORBIDDEN',
  otherModel: 'MODEL_NOT_FOUND CAPABILITY_MISSING',
  smaller: 'OUT_OF_MEMORY RUNNER_DIED',
  shorter: 'PROMPT_TOO_LONG',
  slow: 'MODEL_LOAD_TIMEOUT FIRST_BYTE_TIMEOUT SILENCE_TIMEOUT RUNNING_TIMEOUT',
  later: 'MODEL_SERVER_BUSY RATE_LIMITED',
  repeats: 'REPEATED_TOKENS',
  kills: 'KILLS_WORKERS',
};

function stepOf({ state, reason }: JobView): NextStep {
  if (state === 'cancelled' || state === 'expired') return state;
  for (const [step, reasons] of Object.entries(STEPS)) {
    if (reason !== null && reasons.split(' ').includes(reason)) return step as NextStep;
  }
  return 'again';
}

/** What became of the text. */
export function keptOf(answerBytes: number, words: Words): string {
  const notice = lateOf(words);
  return answerBytes > 0 ? notice.kept(notice.bytes(answerBytes, words.f)) : notice.nothingKept;
}

export const heldNote = (words: Words): string => lateOf(words).held;

/** What a reader can do about a job that ended without a result. */
export function adviceOn(view: JobView, words: Words): string {
  return lateOf(words).next[stepOf(view)];
}

/** "Attempt 2 of 3, in 4 s, because: the model server does not answer." */
export function retrySentence(view: JobView, serverTimeMs: number, words: Words): string {
  const notice = lateOf(words);
  const left = (view.retryAt ?? serverTimeMs) - serverTimeMs;
  const why = whyOf(view, words);
  return endSentence(
    [
      attemptOf(view, words),
      left > 0 ? notice.inTime(words.f.countdown(left)) : notice.now,
      ...(why === null ? [] : [notice.because(why)]),
    ].join(', '),
  );
}
