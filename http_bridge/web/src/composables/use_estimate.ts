import type { Estimate, PlannedJob } from '@genwatch/client';
import { estimateJob } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';

/** After the last key. */
const PAUSE_MS = 400;
/** The queue moves on while one writes. */
const AGAIN_MS = 10_000;

/** What the job that is being written would come to; null while that is not known. */
export function useEstimate(planned: () => PlannedJob): Readonly<ShallowRef<Estimate | null>> {
  const estimate = shallowRef<Estimate | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let disposed = false;

  const ask = async (): Promise<void> => {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    try {
      const answer = await estimateJob(planned());
      if (mine !== asked || disposed) return;
      estimate.value = answer;
    } catch {
      // An expectation is a kindness: without one the page is as good as before.
      if (mine !== asked || disposed) return;
      estimate.value = null;
    }
    schedule(AGAIN_MS);
  };
  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (disposed || document.visibilityState === 'hidden') return;
    timer = setTimeout(() => void ask(), ms);
  };
  const onVisibility = (): void => {
    schedule(0);
  };

  watch(planned, (now, before) => {
    // Another model makes the old words wrong at once; a few more bytes do not.
    if (now.model !== before.model) {
      asked += 1;
      estimate.value = null;
    }
    schedule(PAUSE_MS);
  });
  document.addEventListener('visibilitychange', onVisibility);
  onScopeDispose(() => {
    disposed = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisibility);
  });
  schedule(0);
  return estimate;
}
