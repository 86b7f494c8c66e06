/**
 * The states of a job, as the wire spells them.
 *
 * A server may know states that this page does not: they become `unknown`, which may still
 * change; the server's own word is kept beside it.
 */
export type JobState =
  'queued' | 'processing' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'expired' | 'unknown';

export type Phase = 'loading' | 'prompt' | 'thinking' | 'generating' | 'finalizing';

export type Channel = 'answer' | 'thinking';

/** What a person is told: the state, refined by the phase or by why the job waits. */
export type Condition =
  | 'queued'
  | 'held'
  | 'retrying'
  | 'starting'
  | Phase
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'expired'
  | 'unknown';

const TERMINAL: Record<JobState, boolean> = {
  queued: false,
  processing: false,
  paused: false,
  completed: true,
  failed: true,
  cancelled: true,
  expired: true,
  unknown: false,
};

const PHASES: Record<Phase, true> = {
  loading: true,
  prompt: true,
  thinking: true,
  generating: true,
  finalizing: true,
};

/** The wire's `processing`, `STATE_PROCESSING` or `PROCESSING`; `unknown` for anything else. */
export function parseState(raw: unknown): JobState {
  if (typeof raw !== 'string') return 'unknown';
  const word = raw.toLowerCase().replace(/^state_/, '');
  return Object.hasOwn(TERMINAL, word) ? (word as JobState) : 'unknown';
}

/** As `parseState`; null while no worker has the job, and for a phase that is not known here. */
export function parsePhase(raw: unknown): Phase | null {
  if (typeof raw !== 'string') return null;
  const word = raw.toLowerCase().replace(/^phase_/, '');
  return Object.hasOwn(PHASES, word) ? (word as Phase) : null;
}

export function isTerminal(state: JobState): boolean {
  return TERMINAL[state];
}

/** Only what `conditionOf` needs, so that rows of the list can use it as well as live views. */
export interface ConditionFacts {
  readonly state: JobState;
  readonly phase?: Phase | null;
  readonly held?: boolean;
  /** Unix ms of the next attempt. */
  readonly retryAt?: number | null;
}

export function conditionOf(facts: ConditionFacts): Condition {
  if (facts.state === 'queued') {
    if (facts.retryAt != null) return 'retrying';
    return facts.held === true ? 'held' : 'queued';
  }
  if (facts.state === 'processing') return facts.phase ?? 'starting';
  return facts.state;
}
