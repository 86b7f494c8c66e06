import { asAmount, asArray, asBoolean, asObject, asString, asText, asTime } from './decode';
import type { Phase } from './states';
import { parsePhase } from './states';

/** One run of a job by a worker. Times are Unix ms, durations ms. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly worker: string;
  readonly serverUrl: string;
  readonly startedAt: number | null;
  /** Null while it runs. */
  readonly endedAt: number | null;
  /** completed, once_more, permanent, lost, ...; empty while it runs. Expect new words. */
  readonly outcome: string;
  readonly reason: string | null;
  readonly message: string | null;
  /** UTF-8 bytes of the answer that it went on from. */
  readonly keptBytes: number;
  /** It had its worker to itself. */
  readonly alone: boolean;
  /** From the submit, or the end of the one before. */
  readonly queuedMs: number;
  /** In order; empty while it runs, and where its worker was lost. */
  readonly phases: readonly PhaseSpan[];
}

export interface PhaseSpan {
  readonly phase: Phase;
  /** From the start of the attempt. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Oldest first; what is no attempt is left out. */
export function parseAttempts(value: unknown): readonly Attempt[] {
  return asArray(value).flatMap((item) => {
    const json = asObject(item);
    const number = asAmount(json?.['attempt']);
    if (json === undefined || number === undefined) return [];
    return {
      number,
      worker: asString(json['instance']) ?? '',
      serverUrl: asString(json['server_url']) ?? '',
      startedAt: asTime(json['lease_time']) ?? null,
      endedAt: asTime(json['end_time']) ?? null,
      outcome: asString(json['outcome']) ?? '',
      reason: asText(json['reason']) ?? null,
      message: asText(json['error_message']) ?? null,
      keptBytes: asAmount(json['base_answer']) ?? 0,
      alone: asBoolean(json['alone']) ?? false,
      queuedMs: asAmount(json['queued_ms']) ?? 0,
      phases: asArray(json['phases']).flatMap(parseSpan),
    };
  });
}

function parseSpan(value: unknown): PhaseSpan[] {
  const json = asObject(value);
  const phase = parsePhase(json?.['phase']);
  if (json === undefined || phase === null) return [];
  return [
    {
      phase,
      startMs: asAmount(json['start_ms']) ?? 0,
      durationMs: asAmount(json['duration_ms']) ?? 0,
    },
  ];
}
