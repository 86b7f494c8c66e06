import type { ApiError } from '@genwatch/client';
import { endedPatch, toApiError } from '@genwatch/client';
import type { Ref } from 'vue';
import { ref } from 'vue';
import type { CardOrder } from '../messages/types';
import { useConfig } from './use_config';
import type { LiveJob } from './use_live_job';

/** Ordering about the job that is shown, one order at a time. */
export function useOrders(
  live: LiveJob,
  onRetried?: (jobId: string) => void,
): {
  readonly busy: Readonly<Ref<CardOrder | null>>;
  /** The order that failed last, and why. */
  readonly refused: Readonly<Ref<{ readonly order: CardOrder; readonly error: ApiError } | null>>;
  readonly give: (order: CardOrder) => Promise<void>;
} {
  const { source } = useConfig();
  const busy = ref<CardOrder | null>(null);
  const refused = ref<{ readonly order: CardOrder; readonly error: ApiError } | null>(null);
  const give = async (order: CardOrder): Promise<void> => {
    if (busy.value !== null) return;
    busy.value = order;
    refused.value = null;
    const { jobId } = live.watch;
    try {
      if (order === 'retry') {
        onRetried?.((await source.retry(jobId)).jobId);
      } else {
        const job = await source.order(jobId, order);
        // Of a job that runs, the stream knows more than this answer.
        if (job.state !== 'processing') live.watch.learn(endedPatch(job));
      }
    } catch (thrown) {
      refused.value = { order, error: toApiError(thrown) };
    } finally {
      busy.value = null;
    }
  };
  return { busy, refused, give };
}
