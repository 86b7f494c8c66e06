import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';
import type { Job } from '@genwatch/client';
import { endedPatch, getJob, isTerminal } from '@genwatch/client';
import type { LiveJob } from '@genwatch/vue';

const RETRY_MS = 3000;

/**
 * What the stream does not tell about a job (its prompt, its times), and the exact numbers once it
 * has ended. Read at the start and at the end; tried again while there is no answer.
 */
export function useJobDetails(live: LiveJob): Readonly<ShallowRef<Job | null>> {
  const details = shallowRef<Job | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let disposed = false;

  const load = async (): Promise<void> => {
    clearTimeout(timer);
    try {
      const job = await getJob(live.watch.jobId);
      if (disposed) return;
      details.value = job;
      if (isTerminal(job.state)) live.watch.learn(endedPatch(job));
    } catch {
      // The stream says what is wrong; this only fills in.
      if (!disposed && !live.missing.value) timer = setTimeout(() => void load(), RETRY_MS);
    }
  };

  watch(
    () => isTerminal(live.view.value.state),
    () => void load(),
    { immediate: true },
  );
  onScopeDispose(() => {
    disposed = true;
    clearTimeout(timer);
  });
  return details;
}
