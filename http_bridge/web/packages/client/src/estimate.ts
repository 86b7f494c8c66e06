import { request } from './api';
import type { JsonObject } from './decode';
import { asAmount, asBoolean, asString, asText } from './decode';
import type { CallOptions } from './http';

/** What is known of a job that nobody has submitted yet. */
export interface PlannedJob {
  /** Empty: the server's default. */
  readonly model: string;
  readonly jobClass?: string;
  /** Undefined: the model's default. */
  readonly think?: boolean | 'low' | 'medium' | 'high' | undefined;
  /** Most tokens to generate; undefined: no limit. */
  readonly numPredict?: number | undefined;
  /** UTF-8, of everything that is sent. */
  readonly promptBytes: number;
}

/** A median, and the 10 and 90 % quantiles around it. */
export interface Band {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Whose past answers the length is taken from. */
export type EstimateBasis = 'class' | 'model' | 'all';

/** What a job would come to. Durations are ms; null: not known. */
export interface Estimate {
  readonly model: string;
  readonly basis: EstimateBasis | null;
  /** How many past answers stand behind it. */
  readonly pastJobs: number;
  readonly tokens: Band | null;
  readonly tokensPerSecond: number | null;
  /** From the start of the attempt, as `durationMs`. */
  readonly firstTokenMs: number | null;
  /** The model has to be loaded first, which is in the other two. */
  readonly loadMs: number | null;
  readonly durationMs: Band | null;
  /** Until its attempt begins, behind all that wait. */
  readonly expectedWaitMs: number | null;
  readonly waiting: number | null;
  /** An operator holds the model. */
  readonly held: boolean;
  /** Why else nothing can start now: a stable word, and a sentence. */
  readonly reason: string | null;
  readonly message: string | null;
}

const BASES: Readonly<Record<string, EstimateBasis>> = {
  BASIS_CLASS: 'class',
  BASIS_MODEL: 'model',
  BASIS_ALL: 'all',
};

function thinkWord(think: NonNullable<PlannedJob['think']>): string {
  if (typeof think === 'string') return `THINKING_${think.toUpperCase()}`;
  return think ? 'THINKING_ON' : 'THINKING_OFF';
}

/** Asks what the job would come to. Nothing is stored; the server bears being asked while one types. */
export async function estimateJob(job: PlannedJob, options?: CallOptions): Promise<Estimate> {
  const query = new URLSearchParams({ prompt_bytes: String(Math.round(job.promptBytes)) });
  if (job.model !== '') query.set('model', job.model);
  if ((job.jobClass ?? '') !== '') query.set('job_class', job.jobClass ?? '');
  if (job.think !== undefined) query.set('think', thinkWord(job.think));
  if (job.numPredict !== undefined) query.set('num_predict', String(Math.round(job.numPredict)));
  const path = `/api/v1/estimate?${query.toString()}`;
  return parseEstimate(await request('GET', path, undefined, options));
}

function bandOf(json: JsonObject, name: (part: string) => string): Band | null {
  const median = asAmount(json[name('')]);
  if (median === undefined) return null;
  return {
    median,
    low: asAmount(json[name('_low')]) ?? median,
    high: asAmount(json[name('_high')]) ?? median,
  };
}

export function parseEstimate(json: JsonObject): Estimate {
  return {
    model: asString(json['model']) ?? '',
    basis: BASES[asString(json['basis']) ?? ''] ?? null,
    pastJobs: asAmount(json['past_jobs']) ?? 0,
    tokens: bandOf(json, (part) => `tokens${part}`),
    tokensPerSecond: asAmount(json['tokens_per_second']) ?? null,
    firstTokenMs: asAmount(json['first_token_ms']) ?? null,
    loadMs: asAmount(json['load_ms']) ?? null,
    durationMs: bandOf(json, (part) => `duration${part}_ms`),
    expectedWaitMs: asAmount(json['expected_wait_ms']) ?? null,
    waiting: asAmount(json['waiting']) ?? null,
    held: asBoolean(json['held']) ?? false,
    reason: asText(json['reason']) ?? null,
    message: asText(json['error_message']) ?? null,
  };
}
