import type { Ref } from 'vue';
import { ref } from 'vue';
import { deleteJob, retryJob } from '../lib/api';
import type { ApiError } from '../lib/api_error';
import { toApiError } from '../lib/api_error';

/** What may be ordered about a job that has ended. Both answer whether it was done. */
export function useEndedOrders(jobId: string): {
  readonly busy: Readonly<Ref<boolean>>;
  readonly error: Readonly<Ref<ApiError | null>>;
  /** Answers the id of the new job. */
  readonly retry: () => Promise<string | null>;
  readonly remove: () => Promise<boolean>;
} {
  const busy = ref(false);
  const error = ref<ApiError | null>(null);
  const attempt = async <T>(order: () => Promise<T>): Promise<T | null> => {
    if (busy.value) return null;
    busy.value = true;
    error.value = null;
    try {
      return await order();
    } catch (thrown) {
      error.value = toApiError(thrown);
      return null;
    } finally {
      busy.value = false;
    }
  };
  return {
    busy,
    error,
    retry: () => attempt(async () => (await retryJob(jobId)).jobId),
    remove: async () => (await attempt(() => deleteJob(jobId).then(() => true))) === true,
  };
}
