import type { Ref } from 'vue';
import { ref } from 'vue';
import type { ApiError } from '@genwatch/client';
import { deleteJob, retryJob, toApiError } from '@genwatch/client';

export type EndedOrder = 'retry' | 'delete';

/** What may be ordered about a job that has ended. Both answer whether it was done. */
export function useEndedOrders(jobId: string): {
  readonly busy: Readonly<Ref<boolean>>;
  /** The order that failed last, and why. */
  readonly refused: Readonly<Ref<{ readonly order: EndedOrder; readonly error: ApiError } | null>>;
  /** Answers the id of the new job. */
  readonly retry: () => Promise<string | null>;
  readonly remove: () => Promise<boolean>;
} {
  const busy = ref(false);
  const refused = ref<{ readonly order: EndedOrder; readonly error: ApiError } | null>(null);
  const attempt = async <T>(order: EndedOrder, give: () => Promise<T>): Promise<T | null> => {
    if (busy.value) return null;
    busy.value = true;
    refused.value = null;
    try {
      return await give();
    } catch (thrown) {
      refused.value = { order, error: toApiError(thrown) };
      return null;
    } finally {
      busy.value = false;
    }
  };
  return {
    busy,
    refused,
    retry: () => attempt('retry', async () => (await retryJob(jobId)).jobId),
    remove: async () => (await attempt('delete', () => deleteJob(jobId).then(() => true))) === true,
  };
}
