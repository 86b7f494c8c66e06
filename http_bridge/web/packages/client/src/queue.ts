import { request } from './api';
import type { JsonObject } from './decode';
import { asAmount, asArray, asBoolean, asObject, asString, asText, asTime } from './decode';
import type { CallOptions } from './http';
import type { Job, Priority } from './jobs';
import { parseJob, parsePriority } from './jobs';
import type { JobState } from './states';
import { parseState } from './states';

/** A job in the queue of a model. Of somebody else's there is only where it stands. */
export interface QueueEntry {
  /** Null: somebody else's, and the caller is no operator; likewise `priority`. */
  readonly jobId: string | null;
  readonly state: JobState;
  /** From 1; 0: it runs, or waits for the time of its retry. */
  readonly position: number;
  readonly priority: Priority | null;
  /** Null: not known. */
  readonly expectedWaitMs: number | null;
  readonly createdAt: number | null;
  /** Of the caller's own. */
  readonly percent: number;
  readonly mine: boolean;
}

export interface ModelQueue {
  readonly model: string;
  readonly waiting: number;
  readonly running: number;
  /** Jobs that wait for the time of their retry. */
  readonly retrying: number;
  /** Of a job that would come now; null: not known. */
  readonly expectedWaitMs: number | null;
  /** What runs, then what waits in serving order; long ones are cut. */
  readonly entries: readonly QueueEntry[];
  readonly held: boolean;
  /** While it is held: why, in the words of whoever holds it, and since when. */
  readonly holdNote: string;
  readonly heldSince: number | null;
}

export interface Queues {
  readonly queues: readonly ModelQueue[];
  /** The caller may hold and release models, and cancel and move jobs of others. */
  readonly callerIsOperator: boolean;
}

/** Of one model, or (empty) of all that are held or have jobs. */
export async function readQueue(model = '', options?: CallOptions): Promise<Queues> {
  const query = model === '' ? '' : `?${new URLSearchParams({ model }).toString()}`;
  return parseQueues(await request('GET', `/api/v1/queue${query}`, undefined, options));
}

/** The name of a model may hold slashes, and goes as it is. */
const modelPath = (model: string): string =>
  `/api/v1/models/${model.split('/').map(encodeURIComponent).join('/')}`;

/** Starts nothing of a model until it is released. For operators (ApiError, NOT_AN_OPERATOR). */
export async function holdModel(model: string, note = '', options?: CallOptions): Promise<void> {
  await request('POST', `${modelPath(model)}:hold`, { note }, options);
}

export async function releaseModel(model: string, options?: CallOptions): Promise<void> {
  await request('POST', `${modelPath(model)}:release`, undefined, options);
}

/** Of a job that waits or is paused; answers it as it is then. */
export async function setPriority(
  jobId: string,
  priority: Priority,
  options?: CallOptions,
): Promise<Job | null> {
  const path = `/api/v1/jobs/${encodeURIComponent(jobId)}`;
  const body = { priority: `PRIORITY_${priority.toUpperCase()}` };
  const json = await request('PATCH', path, body, options);
  return parseJob(json['job']) ?? null;
}

function parseEntry(json: JsonObject): QueueEntry {
  const jobId = asText(json['job_id']) ?? null;
  return {
    jobId,
    state: parseState(json['state']),
    position: asAmount(json['queue_position']) ?? 0,
    priority: jobId === null ? null : parsePriority(json['priority']),
    expectedWaitMs: asAmount(json['expected_wait_ms']) ?? null,
    createdAt: asTime(json['create_time']) ?? null,
    percent: asAmount(json['percent']) ?? 0,
    mine: asBoolean(json['mine']) ?? false,
  };
}

function parseModelQueue(json: JsonObject): ModelQueue {
  return {
    model: asString(json['model']) ?? '',
    waiting: asAmount(json['waiting']) ?? 0,
    running: asAmount(json['running']) ?? 0,
    retrying: asAmount(json['retrying']) ?? 0,
    expectedWaitMs: asAmount(json['expected_wait_ms']) ?? null,
    entries: asArray(json['entries'])
      .map(asObject)
      .filter((entry) => entry !== undefined)
      .map(parseEntry),
    held: asBoolean(json['held']) ?? false,
    holdNote: asString(json['hold_note']) ?? '',
    heldSince: asTime(json['hold_time']) ?? null,
  };
}

export function parseQueues(json: JsonObject): Queues {
  return {
    queues: asArray(json['queues'])
      .map(asObject)
      .filter((queue) => queue !== undefined)
      .map(parseModelQueue)
      .filter((queue) => queue.model !== ''),
    callerIsOperator: asBoolean(json['caller_is_operator']) ?? false,
  };
}
