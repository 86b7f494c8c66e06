import type { Wishes } from './follower';

/** Jobs that the server lets one request name. */
export const MAX_JOBS = 50;
const MAX_CURSORS = 200;

/** Of the stream of these jobs, from where each of them stands. */
export function streamPath(
  jobs: readonly { readonly jobId: string; readonly cursor: string | undefined }[],
  wishes: Wishes,
  mine: boolean,
): string {
  const query = new URLSearchParams();
  if (mine) query.set('mine', 'active');
  for (const { jobId } of jobs.slice(0, MAX_JOBS)) query.append('job_id', jobId);
  const cursors = jobs.map(({ cursor }) => cursor).filter((cursor) => cursor !== undefined);
  for (const cursor of cursors.slice(0, MAX_CURSORS)) query.append('cursor', cursor);
  if (wishes.text) query.set('text', 'true');
  if (wishes.maxRate !== undefined) query.set('max_rate', String(wishes.maxRate));
  return `/api/v1/ai/generation/progress?${query.toString()}`;
}
