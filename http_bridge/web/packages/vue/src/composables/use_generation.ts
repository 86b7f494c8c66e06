import type { JobView } from '@genwatch/client';
import { isTerminal } from '@genwatch/client';
import type { ComputedRef, MaybeRefOrGetter, Ref, ShallowRef } from 'vue';
import { computed, onScopeDispose, ref, shallowRef, toValue, watch } from 'vue';
import { happenedOf } from '../words/outcome';
import type { JobSource } from '../source';
import { useConfig } from './use_config';
import type { LiveJob } from './use_live_job';
import { dormantJob, holdLiveJob } from './use_live_job';
import { useWords } from './use_words';

/** What `complete` tells: the names and units of the first system's event, and the job. */
export interface CompleteData {
  readonly status: 'completed';
  readonly job_id: string;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** ms of processing. */
  readonly elapsed_time: number;
}

export interface GenerationOptions {
  /** Default true: watch from the beginning, and each job that `jobId` becomes. */
  readonly autoStart?: MaybeRefOrGetter<boolean | undefined>;
  /** Default: what the application provides, else the server of the page. */
  readonly source?: JobSource;
  /** Each at most once for a job. */
  readonly onComplete?: (data: CompleteData) => void;
  /** It ended without a result, or there is no such job: why, in one sentence. */
  readonly onError?: (message: string) => void;
}

export interface Generation {
  /** The job that is followed: the one that was given, or the retry of it. */
  readonly jobId: Readonly<Ref<string>>;
  readonly live: Readonly<ShallowRef<LiveJob>>;
  readonly view: ComputedRef<JobView>;
  /** Percent. */
  readonly progress: ComputedRef<number>;
  readonly state: ComputedRef<JobView['state']>;
  /** The answer so far. */
  readonly text: ComputedRef<string>;
  readonly startTracking: () => void;
  /** What is shown stays. */
  readonly stopTracking: () => void;
  /** From now on, that job. */
  readonly follow: (jobId: string) => void;
}

/** Watches one job after the other, for as long as the calling component lives. */
export function useGeneration(
  jobId: MaybeRefOrGetter<string>,
  options: GenerationOptions = {},
): Generation {
  const source = options.source ?? useConfig().source;
  const words = useWords();
  const followed = ref(toValue(jobId));
  const live = shallowRef(dormantJob(followed.value, source));
  let release: (() => void) | undefined;
  /** The job whose end was told. */
  let toldOf: string | null = null;

  const stopTracking = (): void => {
    release?.();
    release = undefined;
  };
  const startTracking = (): void => {
    if (release !== undefined) return;
    const held = holdLiveJob(followed.value, source);
    release = held.release;
    live.value = held.job;
  };
  const follow = (next: string): void => {
    if (next === followed.value) return;
    const wasTracking = release !== undefined;
    stopTracking();
    followed.value = next;
    if (wasTracking) startTracking();
    else live.value = dormantJob(next, source);
  };

  const view = computed(() => live.value.view.value);
  const tell = (): void => {
    const now = live.value;
    if (toldOf === now.watch.jobId) return;
    const { state } = now.view.value;
    if (!now.missing.value && !isTerminal(state)) return;
    toldOf = now.watch.jobId;
    if (now.missing.value) options.onError?.(words.value.m.missing);
    else if (state === 'completed') options.onComplete?.(completeData(now.view.value));
    else options.onError?.(happenedOf(now.view.value, words.value));
  };

  watch(
    () => toValue(jobId),
    (next) => {
      follow(next);
      if (toValue(options.autoStart) !== false) startTracking();
    },
    { immediate: true },
  );
  watch([() => view.value.state, () => live.value.missing.value], tell, { immediate: true });
  onScopeDispose(stopTracking);

  return {
    jobId: followed,
    live,
    view,
    progress: computed(() => view.value.percent),
    state: computed(() => view.value.state),
    text: computed(() => live.value.answer.value.blocks.join('')),
    startTracking,
    stopTracking,
    follow,
  };
}

function completeData(view: JobView): CompleteData {
  return {
    status: 'completed',
    job_id: view.jobId,
    prompt_tokens: view.promptTokens,
    completion_tokens: view.completionTokens > 0 ? view.completionTokens : view.tokens,
    total_tokens: view.totalTokens,
    elapsed_time: view.elapsedMs,
  };
}
