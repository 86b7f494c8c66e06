import { expect } from '@playwright/test';
import { runningStack } from './stack.ts';

export interface NewJob {
  prompt: string;
  model: string;
  labels?: Record<string, string>;
  deadlines?: { waiting_ms?: number; running_ms?: number; silence_ms?: number };
  options?: { num_predict?: number };
  resume_policy?: 'continue_else_restart' | 'restart' | 'fail';
}

/** Submits as a script would, past the page; answers the job's id. */
export async function submitJob(job: NewJob): Promise<string> {
  const response = await fetch(`${runningStack().baseUrl}/api/v1/ai/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(job),
  });
  expect(response.status, await response.clone().text()).toBe(202);
  const body = (await response.json()) as { data: { job: { job_id: string } } };
  return body.data.job.job_id;
}

/** The text of a job as the ledger keeps it, which is given in pieces. */
export async function storedText(jobId: string): Promise<string> {
  let text = '';
  for (;;) {
    const offset = Buffer.byteLength(text);
    const response = await fetch(
      `${runningStack().baseUrl}/api/v1/jobs/${jobId}/output?offset=${offset}`,
    );
    expect(response.ok, await response.clone().text()).toBe(true);
    const piece = (await response.json()) as { text?: string; text_length?: number };
    text += piece.text ?? '';
    if ((piece.text ?? '') === '' || Buffer.byteLength(text) >= (piece.text_length ?? 0)) return text;
  }
}

/** An order that is given past the page. */
export async function order(jobId: string, verb: 'cancel' | 'pause' | 'resume'): Promise<void> {
  const response = await fetch(`${runningStack().baseUrl}/api/v1/jobs/${jobId}:${verb}`, {
    method: 'POST',
  });
  expect(response.ok).toBe(true);
}

/** `:hold` keeps what waits for a model from being started, `:release` ends that. */
export async function orderModel(model: string, verb: 'hold' | 'release'): Promise<void> {
  const response = await fetch(
    `${runningStack().baseUrl}/api/v1/models/${encodeURIComponent(model)}:${verb}`,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' },
  );
  expect(response.ok, await response.clone().text()).toBe(true);
}

/** Whatever still waits or runs, of whichever test. */
export async function endAllJobs(): Promise<void> {
  const states = ['QUEUED', 'PROCESSING', 'PAUSED'].map((state) => `states=STATE_${state}`);
  const response = await fetch(
    `${runningStack().baseUrl}/api/v1/jobs?page_size=100&${states.join('&')}`,
  );
  expect(response.ok).toBe(true);
  const body = (await response.json()) as { jobs?: { job_id: string }[] };
  for (const { job_id } of body.jobs ?? []) await order(job_id, 'cancel').catch(() => undefined);
}
