import type { Ref } from 'vue';
import { ref } from 'vue';
import type { ApiError } from '@genwatch/client';
import { deleteJob, toApiError } from '@genwatch/client';

/** What may be ordered about a job that has ended, beside what its card offers. */
export function useEndedOrders(jobId: string): {
  readonly busy: Readonly<Ref<boolean>>;
  /** Why it could not be done the last time. */
  readonly refused: Readonly<Ref<ApiError | null>>;
  /** Answers whether it was done. */
  readonly remove: () => Promise<boolean>;
} {
  const busy = ref(false);
  const refused = ref<ApiError | null>(null);
  const remove = async (): Promise<boolean> => {
    if (busy.value) return false;
    busy.value = true;
    refused.value = null;
    try {
      await deleteJob(jobId);
      return true;
    } catch (thrown) {
      refused.value = toApiError(thrown);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, refused, remove };
}
