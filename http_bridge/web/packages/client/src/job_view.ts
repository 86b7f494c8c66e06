import type { Snapshot, SnapshotPatch } from './snapshot';
import { isTerminal } from './states';

/** What the page shows of a job: the newest snapshot, and what follows from the ones before it. */
export interface JobView extends Snapshot {
  /** A snapshot has arrived; before that all numbers are placeholders. */
  readonly known: boolean;
  /** The percent may be drawn: an estimate stands behind it. Never taken back within an attempt. */
  readonly determinate: boolean;
}

export function emptyView(jobId: string): JobView {
  return {
    jobId,
    version: 0,
    sequence: 0,
    state: 'queued',
    stateWord: '',
    phase: null,
    percent: 0,
    tokens: 0,
    tokensEstimated: false,
    tokensPerSecond: 0,
    elapsedMs: 0,
    remainingMs: null,
    remainingLowMs: null,
    remainingHighMs: null,
    promptTokens: 0,
    completionTokens: 0,
    totalTokens: 0,
    contentLength: 0,
    queuePosition: null,
    queueSize: null,
    expectedWaitMs: null,
    held: false,
    attempt: 0,
    failures: 0,
    maxFailures: 0,
    retryAt: null,
    reason: null,
    message: null,
    model: null,
    firstTokenMs: null,
    phases: {},
    resumeMode: null,
    retriedAs: null,
    serverTimeMs: null,
    known: false,
    determinate: false,
  };
}

/**
 * The view after one more message.
 *
 * A message that is older than the view changes nothing. One of equal order is taken: position,
 * wait and hold of a waiting job change without a new version. Within an attempt the percent never
 * falls; a new attempt starts over.
 */
export function advance(view: JobView, patch: SnapshotPatch): JobView {
  if (isOlder(view, patch)) return view;
  const newVersion = patch.version !== undefined && patch.version !== view.version;
  const next: JobView = {
    ...view,
    ...(newVersion && { sequence: 0 }),
    ...patch,
    known: true,
  };
  const ended = isTerminal(next.state);
  const sameAttempt = view.known && next.attempt === view.attempt;
  const running = next.state === 'processing';
  return {
    ...next,
    percent: percentOf(view, next, sameAttempt),
    phase: running ? next.phase : null,
    retryAt: next.state === 'queued' ? next.retryAt : null,
    determinate:
      next.state === 'completed' ||
      ((ended || next.state === 'paused') && next.tokens > 0) ||
      (sameAttempt && view.determinate && (running || ended || next.state === 'paused')) ||
      (running && isCredible(next)),
  };
}

function isOlder(view: JobView, patch: SnapshotPatch): boolean {
  if (!view.known || patch.version === undefined) return false;
  if (patch.version !== view.version) return patch.version < view.version;
  return patch.sequence !== undefined && patch.sequence < view.sequence;
}

function percentOf(view: JobView, next: JobView, sameAttempt: boolean): number {
  if (next.state === 'completed') return 100;
  const reported = Math.min(100, next.percent);
  // While it waits, the numbers are those of an attempt that is over.
  return sameAttempt && next.state !== 'queued' ? Math.max(view.percent, reported) : reported;
}

/** Before the first token nobody knows how long it takes: the bar then only says "at work". */
function isCredible(next: JobView): boolean {
  switch (next.phase) {
    case 'thinking':
    case 'generating':
      return next.remainingMs !== null;
    case 'finalizing':
      return true;
    default:
      return false;
  }
}
