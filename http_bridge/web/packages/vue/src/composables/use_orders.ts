import type { Ref } from 'vue';
import { ref } from 'vue';
import type { ApiError, JobOrder } from '@genwatch/client';
import { endedPatch, orderJob, toApiError } from '@genwatch/client';
import type { LiveJob } from './use_live_job';

/** Ordering about the job that is shown, one order at a time. */
export function useOrders(live: LiveJob): {
  readonly busy: Readonly<Ref<JobOrder | null>>;
  /** The order that failed last, and why. */
  readonly refused: Readonly<Ref<{ readonly order: JobOrder; readonly error: ApiError } | null>>;
  readonly give: (order: JobOrder) => Promise<void>;
} {
  const busy = ref<JobOrder | null>(null);
  const refused = ref<{ readonly order: JobOrder; readonly error: ApiError } | null>(null);
  const give = async (order: JobOrder): Promise<void> => {
    if (busy.value !== null) return;
    busy.value = order;
    refused.value = null;
    try {
      const job = await orderJob(live.watch.jobId, order);
      // Of a job that runs, the stream knows more than this answer.
      if (job.state !== 'processing') live.watch.learn(endedPatch(job));
    } catch (thrown) {
      refused.value = { order, error: toApiError(thrown) };
    } finally {
      busy.value = null;
    }
  };
  return { busy, refused, give };
}
