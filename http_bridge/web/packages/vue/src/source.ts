import type { Job, JobOrder, JobWatch } from '@genwatch/client';
import { JobWatch as Watch, orderJob, retryJob } from '@genwatch/client';

/** What the components use of a JobWatch, so that something else can stand in for it. */
export type WatchedJob = Pick<
  JobWatch,
  | 'connection'
  | 'elapsedMs'
  | 'heardAgoMs'
  | 'jobId'
  | 'learn'
  | 'missing'
  | 'problem'
  | 'serverTimeMs'
  | 'start'
  | 'stop'
  | 'subscribe'
  | 'text'
  | 'tokenAgoMs'
  | 'view'
>;

/** Where the components get jobs from, and give their orders to. */
export interface JobSource {
  /** A watch that is not started yet; each call answers a new one. */
  readonly watch: (jobId: string) => WatchedJob;
  /** Answers the job as it is then; throws ApiError. */
  readonly order: (jobId: string, order: JobOrder) => Promise<Job>;
  /** Makes a new job of one that ended without a result, and answers it; throws ApiError. */
  readonly retry: (jobId: string) => Promise<Job>;
}

/** The bridge that served the page. */
export const sameOrigin: JobSource = {
  watch: (jobId) => new Watch(jobId),
  order: orderJob,
  retry: retryJob,
};
