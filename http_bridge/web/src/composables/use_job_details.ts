import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';
import type { Job } from '@genwatch/client';
import { endedPatch, getJob, isTerminal } from '@genwatch/client';
import type { LiveJob } from '@genwatch/vue';

const RETRY_MS = 3000;

export interface JobDetails {
  /** Null until the first answer. */
  readonly details: Readonly<ShallowRef<Job | null>>;
  readonly reload: () => Promise<void>;
}

/**
 * What the stream does not tell about a job (its prompt, times, attempts), and the exact numbers once
 * it has ended. Read at each change of its state; tried again while there is no answer.
 */
export function useJobDetails(live: LiveJob): JobDetails {
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
    // Each change of state raises the version.
    () => live.view.value.version,
    () => void load(),
    { immediate: true },
  );
  onScopeDispose(() => {
    disposed = true;
    clearTimeout(timer);
  });
  return { details, reload: load };
}
