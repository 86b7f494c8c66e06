import type { Attempt } from './attempts';
import { parseAttempts } from './attempts';
import type { JsonObject } from './decode';
import {
  asAmount,
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  asText,
  asTime,
} from './decode';
import type { SnapshotPatch } from './snapshot';
import type { JobState } from './states';
import { parseState } from './states';

export type Priority = 'low' | 'normal' | 'high';

/** A job as the plain REST routes tell it. Times are Unix ms, durations ms. */
export interface Job {
  readonly jobId: string;
  readonly state: JobState;
  readonly stateWord: string;
  readonly version: number;
  /** In the list only its beginning. */
  readonly prompt: string;
  readonly system: string;
  readonly model: string;
  readonly priority: Priority;
  /** What its submitter tagged it with. */
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly retryAt: number | null;
  /** The job that this one retries, and the one that retries this; null: none. */
  readonly retryOf: string | null;
  readonly retriedAs: string | null;
  readonly attempt: number;
  readonly failures: number;
  readonly maxFailures: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly percent: number;
  readonly tokens: number;
  readonly tokensEstimated: boolean;
  readonly elapsedMs: number;
  /** Of a single job only; in the list none. */
  readonly attempts: readonly Attempt[];
  /** What the model was told beside the text (temperature, num_ctx, ...), by the API's names. */
  readonly options: Readonly<Record<string, string>>;
  /** Its numbers, as far as the answer gives them, for the live view. */
  readonly numbers: SnapshotPatch;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

export interface Model {
  readonly name: string;
  readonly sizeBytes: number;
  readonly family: string;
  readonly parameterSize: string;
  readonly quantization: string;
  /** Tokens; 0 while unknown. */
  readonly contextLength: number;
  /** What it is loaded with; 0 while unknown, or not loaded. */
  readonly loadedContextLength: number;
  readonly loaded: boolean;
  readonly capabilities: readonly string[];
}

export interface ModelServer {
  readonly url: string;
  readonly version: string;
  readonly reachable: boolean;
}

export interface ModelList {
  readonly models: readonly Model[];
  readonly servers: readonly ModelServer[];
  readonly defaultModel: string;
  /** The texts are made up by the bundled simulator. */
  readonly simulated: boolean;
}

export function parsePriority(raw: unknown): Priority {
  const word = typeof raw === 'string' ? raw.toLowerCase().replace(/^priority_/, '') : '';
  return word === 'low' || word === 'high' ? word : 'normal';
}

/** Undefined if it is not a job at all. */
export function parseJob(value: unknown): Job | undefined {
  const json = asObject(value);
  const jobId = asText(json?.['job_id']);
  if (json === undefined || jobId === undefined) return undefined;
  const spec = asObject(json['spec']) ?? {};
  const numbers = asObject(json['numbers']) ?? {};
  const messages = asArray(spec['messages']);
  return {
    jobId,
    state: parseState(json['state']),
    stateWord: asString(json['state']) ?? '',
    version: asAmount(json['version']) ?? 0,
    prompt: asText(spec['prompt']) ?? lastMessage(messages),
    system: asString(spec['system']) ?? '',
    model: asString(spec['model']) ?? '',
    priority: parsePriority(spec['priority']),
    labels: parseLabels(spec['labels']),
    createdAt: asTime(json['create_time']) ?? null,
    startedAt: asTime(json['start_time']) ?? null,
    endedAt: asTime(json['end_time']) ?? null,
    retryAt: asTime(json['retry_time']) ?? null,
    retryOf: asText(json['retry_of']) ?? null,
    retriedAs: asText(json['retried_as']) ?? null,
    attempt: asAmount(json['attempt']) ?? 0,
    failures: asAmount(json['failures']) ?? 0,
    maxFailures: asAmount(json['max_failures']) ?? 0,
    reason: asText(json['reason']) ?? null,
    message: asText(json['error_message']) ?? null,
    percent: wholePercent(asAmount(numbers['percent']) ?? 0),
    tokens: asAmount(numbers['completion_tokens']) ?? asAmount(numbers['current_tokens']) ?? 0,
    tokensEstimated: asBoolean(numbers['tokens_estimated']) ?? false,
    elapsedMs: asAmount(numbers['elapsed_ms']) ?? 0,
    attempts: parseAttempts(json['attempts']),
    options: parseOptions(spec),
    numbers: parseNumbers(numbers),
  };
}

function parseLabels(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value) ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => {
      return typeof entry[1] === 'string';
    }),
  );
}

/** Those that were given; the others are the model's own defaults. */
function parseOptions(spec: JsonObject): Readonly<Record<string, string>> {
  const think = asText(spec['think'])?.replace(/^THINKING_/, '');
  const entries = {
    ...asObject(spec['options']),
    ...(think !== undefined && think !== 'UNSPECIFIED' && { think: think.toLowerCase() }),
    ...(asObject(spec['format']) && { format: spec['format'] }),
    ...(asText(spec['job_class']) && { job_class: spec['job_class'] }),
  };
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([, value]) => value != null && !(Array.isArray(value) && value.length === 0))
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** As the live stream rounds it: 100 only for what is stored. */
function wholePercent(percent: number): number {
  return percent >= 100 ? 100 : Math.min(99, Math.round(percent));
}

function lastMessage(messages: readonly unknown[]): string {
  return asString(asObject(messages.at(-1))?.['content']) ?? '';
}

function parseNumbers(json: JsonObject): SnapshotPatch {
  const percent = asNumber(json['percent']);
  const entries = {
    percent: percent === undefined ? undefined : wholePercent(percent),
    tokens: asAmount(json['current_tokens']),
    tokensEstimated: asBoolean(json['tokens_estimated']),
    tokensPerSecond: asAmount(json['tokens_per_second']),
    elapsedMs: asAmount(json['elapsed_ms']),
    promptTokens: asAmount(json['prompt_tokens']),
    completionTokens: asAmount(json['completion_tokens']),
    totalTokens: asAmount(json['total_tokens']),
    firstTokenMs: asAmount(json['first_token_ms']),
    contentLength: asAmount(json['answer_bytes']),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/**
 * What the REST answer about a job that does not run adds to its live view. (Of a running job the
 * stream knows more.)
 */
export function endedPatch(job: Job): SnapshotPatch {
  return {
    version: job.version,
    state: job.state,
    stateWord: job.stateWord,
    retryAt: job.retryAt,
    attempt: job.attempt,
    failures: job.failures,
    maxFailures: job.maxFailures,
    reason: job.reason,
    message: job.message,
    ...(job.model !== '' && { model: job.model }),
    ...job.numbers,
  };
}

export function parseJobPage(json: JsonObject): JobPage {
  return {
    jobs: asArray(json['jobs'])
      .map(parseJob)
      .filter((job) => job !== undefined),
    nextPageToken: asString(json['next_page_token']) ?? '',
  };
}

export function parseModelList(json: JsonObject): ModelList {
  return {
    models: asArray(json['models'])
      .map(asObject)
      .filter((model) => model !== undefined)
      .map(parseModel)
      .filter((model) => model.name !== ''),
    servers: asArray(json['servers'])
      .map(asObject)
      .filter((server) => server !== undefined)
      .map((server) => ({
        url: asString(server['url']) ?? '',
        version: asString(server['version']) ?? '',
        reachable: asBoolean(server['reachable']) ?? false,
      })),
    defaultModel: asString(json['default_model']) ?? '',
    simulated: asBoolean(json['simulated']) ?? false,
  };
}

function parseModel(json: JsonObject): Model {
  return {
    name: asString(json['name']) ?? '',
    sizeBytes: asAmount(json['size_bytes']) ?? 0,
    family: asString(json['family']) ?? '',
    parameterSize: asString(json['parameter_size']) ?? '',
    quantization: asString(json['quantization']) ?? '',
    contextLength: asAmount(json['context_length']) ?? 0,
    loadedContextLength: asAmount(json['loaded_context_length']) ?? 0,
    loaded: asBoolean(json['loaded']) ?? false,
    capabilities: asArray(json['capabilities']).filter((word) => typeof word === 'string'),
  };
}
