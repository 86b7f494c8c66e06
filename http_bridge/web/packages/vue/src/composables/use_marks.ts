import type { JobView, Phase } from '@genwatch/client';
import type { ComputedRef } from 'vue';
import { computed, shallowRef, watch } from 'vue';

/** Where on the bar a phase begins, in percent. */
export interface Mark {
  readonly phase: Phase;
  readonly at: number;
}

/** The services keep these parts of the bar for what comes before the first token, and after the last. */
const FIRST_TOKEN_AT = 5;
const FINALIZING_AT = 90;

/** The ticks along the bar. Where the answer begins after thinking is known once it has begun. */
export function useMarks(view: () => JobView): ComputedRef<readonly Mark[]> {
  const answerAt = shallowRef<number | null>(null);
  watch(view, (now, before) => {
    if (now.attempt !== before.attempt) answerAt.value = null;
    else if (before.phase === 'thinking' && now.phase === 'generating')
      answerAt.value = now.percent;
  });
  return computed(() => [
    {
      phase: view().phase === 'thinking' || answerAt.value !== null ? 'thinking' : 'generating',
      at: FIRST_TOKEN_AT,
    },
    ...(answerAt.value === null ? [] : [{ phase: 'generating' as const, at: answerAt.value }]),
    { phase: 'finalizing', at: FINALIZING_AT },
  ]);
}
