import type { ComputedRef, ShallowRef } from 'vue';
import { computed, shallowRef } from 'vue';
import type { ApiError, Job } from '@genwatch/client';
import { getJob, isTerminal, listJobs, toApiError } from '@genwatch/client';
import { useLooks } from './use_looks';

const PAGE_SIZE = 25;
/** While something runs or waits, and while nothing does. */
const BUSY_MS = 2000;
const IDLE_MS = 10_000;
/** Active jobs below the first page are asked for one by one; more would be a flood. */
const MAX_SINGLE = 10;

export interface JobList {
  readonly jobs: Readonly<ShallowRef<readonly Job[]>>;
  /** An answer has come. */
  readonly loaded: ComputedRef<boolean>;
  /** Of the last look; what is shown is older then. */
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  readonly hasMore: ComputedRef<boolean>;
  readonly loadingMore: Readonly<ShallowRef<boolean>>;
  readonly loadMore: () => Promise<void>;
  readonly refresh: () => Promise<void>;
}

/** The jobs of the reader, newest first, looked at again while the page is in sight. */
export function useJobList(): JobList {
  const jobs = shallowRef<readonly Job[]>([]);
  const error = shallowRef<ApiError | null>(null);
  const nextPageToken = shallowRef<string | null>(null);
  const loadingMore = shallowRef(false);

  const look = async (): Promise<void> => {
    try {
      const page = await listJobs(PAGE_SIZE);
      const fresh = await freshBelow(page.jobs, jobs.value);
      if (looks.isOver()) return;
      jobs.value = merge([...page.jobs, ...fresh], jobs.value);
      nextPageToken.value ??= page.nextPageToken;
      error.value = null;
    } catch (thrown) {
      if (looks.isOver()) return;
      error.value = toApiError(thrown);
    }
  };
  const looks = useLooks(look, () => {
    const busy = error.value !== null || jobs.value.some((job) => !isTerminal(job.state));
    return busy ? BUSY_MS : IDLE_MS;
  });

  const loadMore = async (): Promise<void> => {
    const token = nextPageToken.value;
    if (token === null || token === '' || loadingMore.value) return;
    loadingMore.value = true;
    try {
      const page = await listJobs(PAGE_SIZE, token);
      if (looks.isOver()) return;
      jobs.value = merge(page.jobs, jobs.value);
      nextPageToken.value = page.nextPageToken;
      error.value = null;
    } catch (thrown) {
      error.value = toApiError(thrown);
    } finally {
      loadingMore.value = false;
    }
  };

  return {
    jobs,
    loaded: computed(() => nextPageToken.value !== null),
    error,
    hasMore: computed(() => (nextPageToken.value ?? '') !== ''),
    loadingMore,
    loadMore,
    refresh: looks.refresh,
  };
}

/** Jobs that are shown as active but are not on the first page any more, read anew. */
async function freshBelow(first: readonly Job[], shown: readonly Job[]): Promise<readonly Job[]> {
  const onFirst = new Set(first.map((job) => job.jobId));
  const active = shown.filter((job) => !onFirst.has(job.jobId) && !isTerminal(job.state));
  const answers = await Promise.allSettled(
    active.slice(0, MAX_SINGLE).map((job) => getJob(job.jobId)),
  );
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

/** New answers win; the order is that of creation, newest first. */
export function merge(fresh: readonly Job[], shown: readonly Job[]): readonly Job[] {
  const all = new Map(shown.map((job) => [job.jobId, job]));
  for (const job of fresh) all.set(job.jobId, job);
  return [...all.values()].sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
}
