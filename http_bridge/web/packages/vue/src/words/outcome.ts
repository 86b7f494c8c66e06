import { endSentence, formatCount, reasonWords } from './format';
import type { JobView } from '@genwatch/client';

/** The end of a job that did not complete, in words: what happened, what was kept, what to do. */
export interface Outcome {
  readonly happened: string;
  readonly kept: string;
  readonly next: string;
  /** The stable code, or empty. */
  readonly reason: string;
}

const CHECK_SERVER = 'Check that the model server runs, then submit the prompt again.';
const SMALLER_MODEL = 'Choose a smaller model, or a shorter prompt, and submit again.';
const TOO_SLOW = 'Submit again; if it happens again, the model may be too slow for its machine.';
const LATER = 'The model server has too much to do. Submit again in a while.';
const OTHER_MODEL = 'Choose another model, or install this one, and submit again.';

/** By the reason that the services give; for others there is a general sentence. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  MODEL_SERVER_UNREACHABLE: CHECK_SERVER,
  MODEL_SERVER_ERROR: CHECK_SERVER,
  CONNECTION_LOST: CHECK_SERVER,
  STREAM_BROKEN: CHECK_SERVER,
  STREAM_INCOMPLETE: CHECK_SERVER,
  NOT_A_MODEL_SERVER: 'Check the address of the model server, then submit the prompt again.',
  UNAUTHORIZED: 'Give Genwatch access to the model server, then submit the prompt again.',
  FORBIDDEN: 'Give Genwatch access to the model server, then submit the prompt again.',
  MODEL_NOT_FOUND: OTHER_MODEL,
  CAPABILITY_MISSING: OTHER_MODEL,
  OUT_OF_MEMORY: SMALLER_MODEL,
  RUNNER_DIED: SMALLER_MODEL,
  PROMPT_TOO_LONG: 'Shorten the prompt, or choose a model with more context, and submit again.',
  MODEL_LOAD_TIMEOUT: TOO_SLOW,
  FIRST_BYTE_TIMEOUT: TOO_SLOW,
  SILENCE_TIMEOUT: TOO_SLOW,
  RUNNING_TIMEOUT: TOO_SLOW,
  MODEL_SERVER_BUSY: LATER,
  RATE_LIMITED: LATER,
  REPEATED_TOKENS: 'The model only repeated itself. Change the prompt, or choose another model.',
  KILLS_WORKERS: 'It stopped each worker that ran it. Change the prompt, or choose another model.',
};

export function describeOutcome(view: JobView, answerBytes: number): Outcome {
  return {
    happened: happenedOf(view),
    kept:
      answerBytes > 0
        ? `The text so far is kept below (${formatCount(answerBytes)} bytes).`
        : 'No text had arrived.',
    next: nextOf(view),
    reason: view.reason ?? '',
  };
}

function happenedOf(view: JobView): string {
  if (view.message !== null) return endSentence(view.message);
  switch (view.state) {
    case 'cancelled':
      return 'You cancelled this job.';
    case 'expired':
      return 'Its time to wait ran out before its turn came.';
    default:
      return view.reason === null
        ? 'The job failed.'
        : `The job failed: ${reasonWords(view.reason)}.`;
  }
}

function nextOf(view: JobView): string {
  switch (view.state) {
    case 'cancelled':
      return 'You can submit the prompt again.';
    case 'expired':
      return 'Submit it again, or with a higher priority.';
    default:
      break;
  }
  return (
    NEXT_STEPS[view.reason ?? ''] ?? 'You can submit the prompt again, or choose another model.'
  );
}
