import type { ApiError, Job, JobFilter, JobPage, JobState } from '@genwatch/client';
import { getJob, isTerminal, listJobs, toApiError } from '@genwatch/client';
import type { ComputedRef, ShallowRef } from 'vue';
import { computed, shallowRef } from 'vue';
import { KIND_LABEL, postKind } from '../lib/kinds';
import { useLooks } from './use_looks';

/** `all` also shows what no page submitted. */
export type KindFilter = 'posts' | 'prompt' | 'app' | 'all';
export type StateFilter = 'any' | 'active' | 'completed' | 'ended';

export interface WallFilter {
  readonly kind: KindFilter;
  readonly state: StateFilter;
}

export interface WallFeed {
  /** Newest first. */
  readonly posts: Readonly<ShallowRef<readonly Job[]>>;
  /** An answer has come. */
  readonly loaded: ComputedRef<boolean>;
  /** Of the last look; what is shown is older then. */
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  readonly hasMore: ComputedRef<boolean>;
  readonly loadingMore: Readonly<ShallowRef<boolean>>;
  readonly loadMore: () => Promise<void>;
  readonly refresh: () => Promise<void>;
  /** Reads one post anew: it has ended, or something was told about a job that is not here. */
  readonly reread: (jobId: string) => Promise<void>;
  /** It was deleted. */
  readonly drop: (jobId: string) => void;
}

const PAGE_SIZE = 20;
/** How often one looks for new posts; what is shown as running tells of itself. */
const LOOK_MS = 5000;

/** As many as are read at once where many jobs came since the last look. */
const CATCH_UP_PAGES = 10;

const STATES: Record<StateFilter, readonly JobState[]> = {
  any: [],
  active: ['queued', 'processing', 'paused'],
  completed: ['completed'],
  ended: ['failed', 'cancelled', 'expired'],
};

function wireFilter({ kind, state }: WallFilter): JobFilter {
  return {
    states: STATES[state],
    ...(kind === 'posts' && { labelKeys: [KIND_LABEL] }),
    ...((kind === 'prompt' || kind === 'app') && { labels: { [KIND_LABEL]: kind } }),
  };
}

/** What the server's answer is not asked for, or was made before it knew how. */
function fits(job: Job, { kind }: WallFilter): boolean {
  if (kind === 'all') return true;
  const labelled = Object.hasOwn(job.labels, KIND_LABEL);
  if (!labelled) return false;
  return kind === 'posts' ? postKind(job.labels) !== null : job.labels[KIND_LABEL] === kind;
}

/** The posts of the reader under one filter, looked at again while the page is in sight. */
export function useWallFeed(filter: WallFilter): WallFeed {
  const posts = shallowRef<readonly Job[]>([]);
  const error = shallowRef<ApiError | null>(null);
  const nextPageToken = shallowRef<string | null>(null);
  const loadingMore = shallowRef(false);
  const wire = wireFilter(filter);
  /** All that was told, shown or not. */
  const seen = new Set<string>();

  const take = (page: JobPage): void => {
    for (const { jobId } of page.jobs) seen.add(jobId);
    const fresh = page.jobs.filter((job) => fits(job, filter));
    if (fresh.length > 0) posts.value = mergePosts(fresh, posts.value);
  };

  /** Between what is shown and this page there may be jobs that neither tells of. */
  const leavesGap = (page: JobPage): boolean =>
    nextPageToken.value !== null &&
    page.nextPageToken !== '' &&
    !page.jobs.some(({ jobId }) => seen.has(jobId));

  /** Reads on from the newest page until it meets what is shown; if that is far, begins anew. */
  const catchUp = async (newest: JobPage): Promise<void> => {
    const pages = [newest];
    let last = newest;
    while (leavesGap(last) && pages.length < CATCH_UP_PAGES) {
      last = await listJobs(PAGE_SIZE, last.nextPageToken, wire);
      if (looks.isOver()) return;
      pages.push(last);
    }
    if (leavesGap(last)) {
      posts.value = [];
      nextPageToken.value = last.nextPageToken;
    }
    pages.forEach(take);
  };

  const look = async (): Promise<void> => {
    try {
      const page = await listJobs(PAGE_SIZE, '', wire);
      if (looks.isOver()) return;
      if (filter.state === 'any') posts.value = withoutDeleted(page.jobs, posts.value);
      await catchUp(page);
      nextPageToken.value ??= page.nextPageToken;
      error.value = null;
    } catch (thrown) {
      if (looks.isOver()) return;
      error.value = toApiError(thrown);
    }
  };
  const looks = useLooks(look, () => LOOK_MS);

  const loadMore = async (): Promise<void> => {
    const token = nextPageToken.value;
    if (token === null || token === '' || loadingMore.value) return;
    loadingMore.value = true;
    try {
      const page = await listJobs(PAGE_SIZE, token, wire);
      if (looks.isOver()) return;
      take(page);
      nextPageToken.value = page.nextPageToken;
      error.value = null;
    } catch (thrown) {
      if (!looks.isOver()) error.value = toApiError(thrown);
    } finally {
      loadingMore.value = false;
    }
  };

  const reread = async (jobId: string): Promise<void> => {
    try {
      const job = await getJob(jobId);
      if (looks.isOver()) return;
      if (posts.value.some((post) => post.jobId === jobId) || fits(job, filter)) {
        posts.value = mergePosts([job], posts.value);
      }
    } catch (thrown) {
      if (!looks.isOver() && toApiError(thrown).status === 404) drop(jobId);
      // Else the next look tells it.
    }
  };

  const drop = (jobId: string): void => {
    posts.value = posts.value.filter((post) => post.jobId !== jobId);
  };

  return {
    posts,
    loaded: computed(() => nextPageToken.value !== null),
    error,
    hasMore: computed(() => (nextPageToken.value ?? '') !== ''),
    loadingMore,
    loadMore,
    refresh: looks.refresh,
    reread,
    drop,
  };
}

/** Newer versions win, and what has not changed stays the same object; newest first. */
export function mergePosts(fresh: readonly Job[], shown: readonly Job[]): readonly Job[] {
  const all = new Map(shown.map((job) => [job.jobId, job]));
  let changed = false;
  for (const job of fresh) {
    const known = all.get(job.jobId);
    if (known !== undefined && !isNewer(job, known)) continue;
    all.set(job.jobId, job);
    changed = true;
  }
  if (!changed) return shown;
  return [...all.values()].sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
}

/** Of one that has ended, the later answer may know the whole prompt and the retry. */
function isNewer(job: Job, known: Job): boolean {
  if (job.version !== known.version) return job.version > known.version;
  return job.retriedAs !== known.retriedAs || job.prompt.length > known.prompt.length;
}

/** What should stand between the first answered post and the last, and does not, is gone. */
function withoutDeleted(page: readonly Job[], shown: readonly Job[]): readonly Job[] {
  const newest = page[0]?.createdAt;
  const oldest = page.at(-1)?.createdAt;
  if (newest == null || oldest == null) return shown;
  const there = new Set(page.map((job) => job.jobId));
  const left = shown.filter(({ jobId, createdAt, state }) => {
    const between = createdAt !== null && createdAt > oldest && createdAt < newest;
    return !between || there.has(jobId) || !isTerminal(state);
  });
  return left.length === shown.length ? shown : left;
}
