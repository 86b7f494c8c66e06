import { ApiError, parseApiError } from './api_error';
import type { JsonObject } from './decode';
import { asObject, asText, parseObject } from './decode';
import type { Job, JobPage, ModelList, Priority } from './jobs';
import { parseJob, parseJobPage, parseModelList } from './jobs';
import type { SnapshotPatch } from './snapshot';
import { parseSnapshot } from './snapshot';

/** Longer than any answer of a healthy server; a dead one is told sooner by the browser. */
const TIMEOUT_MS = 15_000;

export interface SubmitRequest {
  readonly prompt: string;
  /** Empty: the server's default. */
  readonly model: string;
  readonly priority: Priority;
  /** The same for each try of one submit: a second one then answers the first's job. */
  readonly requestId: string;
}

/** All functions throw ApiError. */
async function request(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    throw parseApiError(0, '');
  }
  if (!response.ok) throw parseApiError(response.status, text);
  const json = parseObject(text);
  if (json === undefined) {
    throw new ApiError('The server answered with something else than was asked.', response.status);
  }
  return json;
}

const jobPath = (jobId: string): string => `/api/v1/jobs/${encodeURIComponent(jobId)}`;

/** Some routes answer the job itself, some wrap it. */
function jobOf(json: JsonObject): Job {
  const job = parseJob(json['job'] ?? json);
  if (job === undefined) throw new ApiError('The server answered without a job.', 200);
  return job;
}

/** Answers the id of the new job. */
export async function submitJob(submit: SubmitRequest): Promise<string> {
  const json = await request('POST', '/api/v1/ai/generate', {
    prompt: submit.prompt,
    priority: submit.priority,
    request_id: submit.requestId,
    ...(submit.model !== '' && { model: submit.model }),
  });
  const jobId = asText(asObject(asObject(json['data'])?.['job'])?.['job_id']);
  if (jobId === undefined) throw new ApiError('The server answered without a job id.', 202);
  return jobId;
}

export async function getJob(jobId: string): Promise<Job> {
  return jobOf(await request('GET', jobPath(jobId)));
}

/** What the owner of a job may order while it has not ended. */
export type JobOrder = 'cancel' | 'pause' | 'resume';

/** Answers the job as it is then. */
export async function orderJob(jobId: string, order: JobOrder): Promise<Job> {
  return jobOf(await request('POST', `${jobPath(jobId)}:${order}`, {}));
}

/** Makes a new job from one that ended without a result; answers the new one. */
export async function retryJob(jobId: string): Promise<Job> {
  return jobOf(await request('POST', `${jobPath(jobId)}:retry`, {}));
}

/** Of a job that has ended. */
export async function deleteJob(jobId: string): Promise<void> {
  await request('DELETE', jobPath(jobId));
}

export async function listJobs(pageSize: number, pageToken = ''): Promise<JobPage> {
  const query = new URLSearchParams({ page_size: String(pageSize) });
  if (pageToken !== '') query.set('page_token', pageToken);
  return parseJobPage(await request('GET', `/api/v1/jobs?${query.toString()}`));
}

export async function listModels(): Promise<ModelList> {
  return parseModelList(await request('GET', '/api/v1/models'));
}

/** The newest snapshot of a job; null if there is no such job. */
export async function getStatus(jobId: string): Promise<SnapshotPatch | null> {
  try {
    const path = `/api/v1/ai/generation/${encodeURIComponent(jobId)}/status`;
    return parseSnapshot(asObject((await request('GET', path))['job']) ?? {});
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return null;
    throw thrown;
  }
}
