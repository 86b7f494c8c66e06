import type { Attempt, JobView, Phase } from '@genwatch/client';

/** A phase of an attempt, as it is drawn. Durations are ms. */
export interface Span {
  readonly phase: Phase;
  readonly durationMs: number;
}

/** One attempt on the timeline. */
export interface TimelineAttempt {
  readonly attempt: Attempt;
  readonly running: boolean;
  readonly spans: readonly Span[];
  /** From lease to end, or so far; null while nobody can tell. */
  readonly durationMs: number | null;
}

const ORDER: readonly Phase[] = ['loading', 'prompt', 'thinking', 'generating', 'finalizing'];

/**
 * The attempts of a job with their phases. Those of the attempt that runs are told by the stream,
 * and so is the attempt itself until the list has it: `attempts` is older than `view`.
 */
export function timeline(attempts: readonly Attempt[], view: JobView): readonly TimelineAttempt[] {
  const live = liveSpans(view);
  const known = attempts.map((attempt) => {
    const newest = attempt.number === view.attempt;
    const running = newest && view.state === 'processing';
    const spans = attempt.phases.length > 0 && !running ? attempt.phases : newest ? live : [];
    return { attempt, running, spans, durationMs: durationOf(attempt, running, spans) };
  });
  const isListed = attempts.some(({ number }) => number === view.attempt);
  if (isListed || view.state !== 'processing' || view.attempt === 0) return known;
  const attempt = begun(view.attempt);
  return [...known, { attempt, running: true, spans: live, durationMs: sum(live) }];
}

function liveSpans(view: JobView): readonly Span[] {
  return ORDER.flatMap((phase) => {
    const durationMs = view.phases[phase];
    return durationMs === undefined || (durationMs === 0 && phase !== view.phase)
      ? []
      : [{ phase, durationMs }];
  });
}

function durationOf(attempt: Attempt, running: boolean, spans: readonly Span[]): number | null {
  if (!running && attempt.startedAt !== null && attempt.endedAt !== null) {
    return Math.max(0, attempt.endedAt - attempt.startedAt);
  }
  return spans.length === 0 ? null : sum(spans);
}

const sum = (spans: readonly Span[]): number =>
  spans.reduce((total, { durationMs }) => total + durationMs, 0);

function begun(number: number): Attempt {
  return {
    number,
    worker: '',
    serverUrl: '',
    startedAt: null,
    endedAt: null,
    outcome: '',
    reason: null,
    message: null,
    keptBytes: 0,
    alone: false,
    queuedMs: 0,
    phases: [],
  };
}
