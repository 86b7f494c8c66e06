import { JobWatch, orderJob, retryJob } from '@genwatch/client';
import type { JobSource } from '@genwatch/vue';

/**
 * Updates a second and job. Thirty running posts would else be 600 a second, which is felt, and whose
 * eyes could follow more than one of them; the bar glides from one update to the next.
 */
const MAX_RATE = 4;

/** Where the wall gets its live posts from. */
export const wallSource: JobSource = {
  watch: (jobId) => new JobWatch(jobId, { wishes: { text: true, maxRate: MAX_RATE } }),
  order: orderJob,
  retry: retryJob,
};
