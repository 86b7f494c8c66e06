import type { JsonObject } from './decode';
import { asAmount, asBoolean, asNumber, asObject, asText, asTime } from './decode';
import type { JobState, Phase } from './states';
import { parsePhase, parseState } from './states';

export type PhaseTimes = Readonly<Partial<Record<Phase, number>>>;

/** It goes on from the kept text, or dropped it. */
export type ResumeMode = 'continued' | 'restarted';

/** Everything that can be said about a job in numbers. Durations are ms, lengths UTF-8 bytes. */
export interface Snapshot {
  readonly jobId: string;
  /** Of two snapshots the one with the greater (version, sequence) is newer. */
  readonly version: number;
  readonly sequence: number;
  readonly state: JobState;
  /** The server's own word, shown where `state` is unknown. */
  readonly stateWord: string;
  readonly phase: Phase | null;
  readonly percent: number;
  readonly tokens: number;
  /** `tokens` is not yet the model's own count. */
  readonly tokensEstimated: boolean;
  readonly tokensPerSecond: number;
  readonly elapsedMs: number;
  readonly remainingMs: number | null;
  readonly remainingLowMs: number | null;
  readonly remainingHighMs: number | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly contentLength: number;
  readonly queuePosition: number | null;
  readonly queueSize: number | null;
  readonly expectedWaitMs: number | null;
  readonly held: boolean;
  readonly attempt: number;
  readonly failures: number;
  readonly maxFailures: number;
  /** Unix ms. */
  readonly retryAt: number | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly model: string | null;
  readonly firstTokenMs: number | null;
  /** How long the newest attempt has been in each phase that it came to, in ms. */
  readonly phases: PhaseTimes;
  /** What the newest attempt did with text of the ones before; null: there was none. */
  readonly resumeMode: ResumeMode | null;
  /** The job that retries this one. */
  readonly retriedAs: string | null;
  /** When the snapshot was made, Unix ms on the clock of the server. */
  readonly serverTimeMs: number | null;
}

/** What one message says; what it does not mention stays as it was. */
export type SnapshotPatch = Partial<Snapshot>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Sets a field that may be null: null on the wire is news, an absent field is not. */
function nullable<K extends keyof Snapshot>(
  patch: Partial<Mutable<Snapshot>>,
  key: K,
  json: JsonObject,
  name: string,
  read: (value: unknown) => Snapshot[K] | undefined,
): void {
  if (Object.hasOwn(json, name)) patch[key] = read(json[name]) ?? (null as Snapshot[K]);
}

function given<K extends keyof Snapshot>(
  patch: Partial<Mutable<Snapshot>>,
  key: K,
  value: Snapshot[K] | undefined,
): void {
  if (value !== undefined) patch[key] = value;
}

const positive = (value: unknown): number | undefined => {
  const number = asNumber(value);
  return number !== undefined && number > 0 ? number : undefined;
};

function parsePhases(value: unknown): PhaseTimes | undefined {
  const json = asObject(value);
  if (json === undefined) return undefined;
  const times: Partial<Record<Phase, number>> = {};
  for (const [name, raw] of Object.entries(json)) {
    const phase = parsePhase(name);
    const ms = asAmount(raw);
    if (phase !== null && ms !== undefined) times[phase] = ms;
  }
  return times;
}

const parseResumeMode = (value: unknown): ResumeMode | undefined =>
  value === 'continued' || value === 'restarted' ? value : undefined;

/** The data of a `progress`, `complete` or `error` event, or the `job` of a status answer. */
export function parseSnapshot(json: JsonObject): SnapshotPatch {
  const patch: Partial<Mutable<Snapshot>> = {};
  // `state` is the true one; `status` is its shadow among the four old words.
  const word = asText(json['state']) ?? asText(json['status']);
  if (word !== undefined) {
    patch.state = parseState(word);
    patch.stateWord = word;
  }
  given(patch, 'jobId', asText(json['job_id']));
  given(patch, 'version', asAmount(json['version']));
  given(patch, 'sequence', asAmount(json['sequence']));
  given(patch, 'percent', asAmount(json['progress']));
  given(patch, 'tokens', asAmount(json['current_tokens']));
  given(patch, 'tokensEstimated', asBoolean(json['estimated']));
  given(patch, 'tokensPerSecond', asAmount(json['tokens_per_second']));
  given(patch, 'elapsedMs', asAmount(json['elapsed_time']));
  given(patch, 'promptTokens', asAmount(json['prompt_tokens']));
  given(patch, 'completionTokens', asAmount(json['completion_tokens']));
  given(patch, 'totalTokens', asAmount(json['total_tokens']));
  given(patch, 'contentLength', asAmount(json['content_length']));
  given(patch, 'attempt', asAmount(json['attempt']));
  given(patch, 'failures', asAmount(json['failures']));
  given(patch, 'maxFailures', asAmount(json['max_failures']));
  given(patch, 'held', asBoolean(json['held']));
  nullable(patch, 'phase', json, 'phase', (v) => parsePhase(v) ?? undefined);
  nullable(patch, 'remainingMs', json, 'estimated_remaining', asAmount);
  nullable(patch, 'remainingLowMs', json, 'eta_low', asAmount);
  nullable(patch, 'remainingHighMs', json, 'eta_high', asAmount);
  nullable(patch, 'queuePosition', json, 'queue_position', positive);
  nullable(patch, 'queueSize', json, 'queue_size', positive);
  nullable(patch, 'expectedWaitMs', json, 'expected_wait', asAmount);
  nullable(patch, 'retryAt', json, 'retry_at', asTime);
  nullable(patch, 'reason', json, 'reason', asText);
  nullable(patch, 'message', json, 'message', asText);
  nullable(patch, 'model', json, 'model', asText);
  nullable(patch, 'firstTokenMs', json, 'first_token_ms', asAmount);
  given(patch, 'phases', parsePhases(json['phases']));
  nullable(patch, 'resumeMode', json, 'resume_mode', parseResumeMode);
  nullable(patch, 'retriedAs', json, 'retried_as', asText);
  nullable(patch, 'serverTimeMs', json, 'server_time_ms', asAmount);
  // Where there is no `message`, the sentence stands in the old field.
  const sentence = asText(json['error']) ?? asText(json['error_message']);
  if (sentence !== undefined && !Object.hasOwn(json, 'message')) patch.message = sentence;
  return patch;
}
