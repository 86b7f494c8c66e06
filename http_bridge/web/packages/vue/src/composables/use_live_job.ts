import type { ApiError, Connection, JobView, WatchAspect } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef } from 'vue';
import type { JobSource, WatchedJob } from '../source';
import { useConfig } from './use_config';

/** One text, as it is drawn. */
export interface LiveText {
  /** Their concatenation is the text. */
  readonly blocks: readonly string[];
  readonly bytes: number;
}

/** A job, live, for templates. */
export interface LiveJob {
  /** For `:key`: a new one each time that a job is watched. */
  readonly key: number;
  readonly watch: WatchedJob;
  readonly view: Readonly<ShallowRef<JobView>>;
  /** `stopped`: it is not watched here any more; what is shown is what was known then. */
  readonly connection: Readonly<ShallowRef<Connection | 'stopped'>>;
  readonly missing: Readonly<ShallowRef<boolean>>;
  /** Why the server refuses to show the job, while it does. */
  readonly problem: Readonly<ShallowRef<ApiError | null>>;
  readonly answer: Readonly<ShallowRef<LiveText>>;
  readonly thinking: Readonly<ShallowRef<LiveText>>;
}

interface Entry {
  readonly watch: WatchedJob;
  users: number;
}

/** Whoever shows the same job shares its watch: a browser has six connections for each server. */
const entries = new WeakMap<JobSource, Map<string, Entry>>();

/** Watches a job until `release` is called. */
export function holdLiveJob(
  jobId: string,
  source: JobSource,
): { readonly job: LiveJob; readonly release: () => void } {
  const ofSource = entries.get(source) ?? new Map<string, Entry>();
  entries.set(source, ofSource);
  const known = ofSource.get(jobId);
  const entry = known ?? { watch: source.watch(jobId), users: 0 };
  ofSource.set(jobId, entry);
  entry.users += 1;

  const { watch } = entry;
  const { job, connection, draw } = openLiveJob(watch);
  const unsubscribe = watch.subscribe(draw);
  connection.value = watch.connection;
  if (known === undefined) watch.start();

  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    unsubscribe();
    if (connection.value !== 'done') connection.value = 'stopped';
    entry.users -= 1;
    if (entry.users > 0) return;
    watch.stop();
    ofSource.delete(jobId);
  };
  return { job, release };
}

let serial = 0;

/** A job that nobody watches yet. */
export function dormantJob(jobId: string, source: JobSource): LiveJob {
  return openLiveJob(source.watch(jobId)).job;
}

function openLiveJob(watch: WatchedJob): {
  readonly job: LiveJob;
  readonly connection: ShallowRef<LiveJob['connection']['value']>;
  readonly draw: (aspect: WatchAspect) => void;
} {
  const textOf = (channel: 'answer' | 'thinking'): LiveText => {
    const assembly = watch.text(channel);
    return { blocks: assembly.blocks, bytes: assembly.byteLength };
  };
  const view = shallowRef(watch.view);
  const connection = shallowRef<Connection | 'stopped'>('stopped');
  const missing = shallowRef(watch.missing);
  const problem = shallowRef(watch.problem);
  const answer = shallowRef(textOf('answer'));
  const thinking = shallowRef(textOf('thinking'));
  const draw = (aspect: WatchAspect): void => {
    switch (aspect) {
      case 'view':
        view.value = watch.view;
        missing.value = watch.missing;
        break;
      case 'text':
        answer.value = textOf('answer');
        thinking.value = textOf('thinking');
        break;
      case 'connection':
        connection.value = watch.connection;
        problem.value = watch.problem;
        break;
    }
  };
  serial += 1;
  const key = serial;
  return {
    job: { key, watch, view, connection, missing, problem, answer, thinking },
    connection,
    draw,
  };
}

/**
 * Watches a job for as long as the calling component lives. `source`: where it comes from; else what
 * the application provides.
 */
export function useLiveJob(jobId: string, source: JobSource = useConfig().source): LiveJob {
  const { job, release } = holdLiveJob(jobId, source);
  onScopeDispose(release);
  return job;
}
