import type { Ref } from 'vue';
import { ref } from 'vue';
import { cancelJob } from '../lib/api';
import type { ApiError } from '../lib/api_error';
import { toApiError } from '../lib/api_error';
import { endedPatch } from '../lib/jobs';
import { isTerminal } from '../lib/states';
import type { LiveJob } from './use_live_job';

/** Cancelling the job that is shown. */
export function useCancel(live: LiveJob): {
  readonly cancelling: Readonly<Ref<boolean>>;
  readonly error: Readonly<Ref<ApiError | null>>;
  readonly cancel: () => Promise<void>;
} {
  const cancelling = ref(false);
  const error = ref<ApiError | null>(null);
  const cancel = async (): Promise<void> => {
    if (cancelling.value) return;
    cancelling.value = true;
    error.value = null;
    try {
      const job = await cancelJob(live.watch.jobId);
      if (isTerminal(job.state)) live.watch.learn(endedPatch(job));
    } catch (thrown) {
      error.value = toApiError(thrown);
    } finally {
      cancelling.value = false;
    }
  };
  return { cancelling, error, cancel };
}
