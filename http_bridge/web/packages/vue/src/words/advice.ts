import type { JobView } from '@genwatch/client';
import english from '../messages/en_next';
import type { NextStep } from '../messages/types';
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

/** What a reader can do about a job that ended without a result. */
export function adviceOn(view: JobView, { m }: Words): string {
  return (m.next ?? english)[stepOf(view)];
}
