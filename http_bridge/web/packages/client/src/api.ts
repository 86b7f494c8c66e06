import { ApiError } from './api_error';
import type { JsonObject } from './decode';
import { asAmount, asObject, asString, asText } from './decode';
import { defaultRequester } from './defaults';
import type { CallOptions } from './http';
import type { Job, JobPage, ModelList, Priority } from './jobs';
import { parseJob, parseJobPage, parseModelList } from './jobs';
import type { SnapshotPatch } from './snapshot';
import { parseSnapshot } from './snapshot';
import type { Channel, JobState } from './states';

export interface SubmitRequest {
  readonly prompt: string;
  /** Empty: the server's default. */
  readonly model: string;
  readonly priority: Priority;
  /** The same for each try of one submit: a second one then answers the first's job. */
  readonly requestId: string;
  /** Empty: none. */
  readonly system?: string;
  readonly options?: ModelOptions;
  /** Undefined: the model's default. */
  readonly think?: boolean | 'low' | 'medium' | 'high' | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is undefined is the model's default. */
export interface ModelOptions {
  /** Most tokens to generate. */
  readonly num_predict?: number | undefined;
  /** Tokens of context. */
  readonly num_ctx?: number | undefined;
  readonly temperature?: number | undefined;
  readonly top_p?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
}

/** All functions throw ApiError, and where the caller's signal aborts its reason. */
export function request(
  method: string,
  path: string,
  body?: JsonObject,
  options?: CallOptions,
): Promise<JsonObject> {
  return defaultRequester().json(method, path, body, options);
}

const jobPath = (jobId: string): string => `/api/v1/jobs/${encodeURIComponent(jobId)}`;

/** Some routes answer the job itself, some wrap it. */
function jobOf(json: JsonObject): Job {
  const job = parseJob(json['job'] ?? json);
  if (job === undefined) throw new ApiError('The server answered without a job.', 200);
  return job;
}

/** Answers the id of the new job. */
export async function submitJob(submit: SubmitRequest, options?: CallOptions): Promise<string> {
  const body = {
    prompt: submit.prompt,
    priority: submit.priority,
    request_id: submit.requestId,
    ...(submit.model !== '' && { model: submit.model }),
    ...((submit.system ?? '') !== '' && { system: submit.system }),
    // JSON leaves out what is undefined.
    options: submit.options,
    think: submit.think,
    labels: submit.labels,
  };
  const json = await request('POST', '/api/v1/ai/generate', body, options);
  const jobId = asText(asObject(asObject(json['data'])?.['job'])?.['job_id']);
  if (jobId === undefined) throw new ApiError('The server answered without a job id.', 202);
  return jobId;
}

export async function getJob(jobId: string, options?: CallOptions): Promise<Job> {
  return jobOf(await request('GET', jobPath(jobId), undefined, options));
}

/** What the owner of a job may order while it has not ended. */
export type JobOrder = 'cancel' | 'pause' | 'resume';

/** Answers the job as it is then. */
export async function orderJob(
  jobId: string,
  order: JobOrder,
  options?: CallOptions,
): Promise<Job> {
  return jobOf(await request('POST', `${jobPath(jobId)}:${order}`, {}, options));
}

/** Makes a new job from one that ended without a result; answers the new one. */
export async function retryJob(jobId: string, options?: CallOptions): Promise<Job> {
  return jobOf(await request('POST', `${jobPath(jobId)}:retry`, {}, options));
}

/** Of a job that has ended. */
export async function deleteJob(jobId: string, options?: CallOptions): Promise<void> {
  await request('DELETE', jobPath(jobId), undefined, options);
}

/** Which jobs are listed: those that fit all that is given. */
export interface JobFilter {
  /** In any of these. */
  readonly states?: readonly JobState[];
  /** With all of these labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** With labels of all of these names, whatever they say. */
  readonly labelKeys?: readonly string[];
}

export async function listJobs(
  pageSize: number,
  pageToken = '',
  filter: JobFilter = {},
  options?: CallOptions,
): Promise<JobPage> {
  const query = new URLSearchParams({ page_size: String(pageSize) });
  if (pageToken !== '') query.set('page_token', pageToken);
  for (const state of filter.states ?? []) query.append('states', `STATE_${state.toUpperCase()}`);
  for (const key of filter.labelKeys ?? []) query.append('label_keys', key);
  for (const [key, value] of Object.entries(filter.labels ?? {})) {
    query.append(`labels[${key}]`, value);
  }
  return parseJobPage(await request('GET', `/api/v1/jobs?${query.toString()}`, undefined, options));
}

/** A run of a stored text. Lengths and offsets are UTF-8 bytes. */
export interface JobOutput {
  readonly offset: number;
  readonly text: string;
  /** Of all that is stored. */
  readonly textLength: number;
}

/** The stored text from an offset on, at most 256 KiB of it. */
export async function getJobOutput(
  jobId: string,
  offset = 0,
  channel: Channel = 'answer',
  options?: CallOptions,
): Promise<JobOutput> {
  const query = new URLSearchParams({
    channel: `CHANNEL_${channel.toUpperCase()}`,
    offset: String(offset),
  });
  const path = `${jobPath(jobId)}/output?${query.toString()}`;
  const json = await request('GET', path, undefined, options);
  return {
    offset: asAmount(json['offset']) ?? offset,
    text: asString(json['text']) ?? '',
    textLength: asAmount(json['text_length']) ?? 0,
  };
}

export async function listModels(options?: CallOptions): Promise<ModelList> {
  return parseModelList(await request('GET', '/api/v1/models', undefined, options));
}

/** The newest snapshot of a job; null if there is no such job. */
export async function getStatus(
  jobId: string,
  options?: CallOptions,
): Promise<SnapshotPatch | null> {
  try {
    const path = `/api/v1/ai/generation/${encodeURIComponent(jobId)}/status`;
    const json = await request('GET', path, undefined, options);
    return parseSnapshot(asObject(json['job']) ?? {});
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return null;
    throw thrown;
  }
}
