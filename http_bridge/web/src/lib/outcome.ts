import { formatCount, reasonWords } from './format';
import type { JobView } from './job_view';

/** The end of a job that did not complete, in words: what happened, what was kept, what to do. */
export interface Outcome {
  readonly happened: string;
  readonly kept: string;
  readonly next: string;
  /** The stable code, or empty. */
  readonly reason: string;
}

const NEXT_STEPS: readonly (readonly [RegExp, string])[] = [
  [/MODEL_NOT_FOUND|MODEL_UNKNOWN/, 'Choose another model, or install this one, and submit again.'],
  [
    /UNREACHABLE|UNAVAILABLE|CONNECT/,
    'Check that the model server runs, then submit the prompt again.',
  ],
  [/MEMORY/, 'Choose a smaller model or a smaller context, then submit again.'],
  [/CONTEXT|TOO_LONG|TOO_LARGE/, 'Shorten the prompt, then submit again.'],
  [
    /TIMEOUT|DEADLINE|SILEN|STALL/,
    'Submit again; if it happens again, the model may be too slow for this machine.',
  ],
];

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
  const reason = view.reason ?? '';
  const step = NEXT_STEPS.find(([pattern]) => pattern.test(reason));
  return step?.[1] ?? 'You can submit the prompt again, or choose another model.';
}

/** Messages come with and without a full stop. */
export function endSentence(text: string): string {
  const sentence = text.trim();
  const first = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
