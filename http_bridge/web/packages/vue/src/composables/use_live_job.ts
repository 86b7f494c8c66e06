import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef } from 'vue';
import type { Connection, JobView } from '@genwatch/client';
import { getStatus, JobWatch } from '@genwatch/client';

/** One text, as it is drawn. */
export interface LiveText {
  /** Their concatenation is the text. */
  readonly blocks: readonly string[];
  readonly bytes: number;
}

/** A job, live, for templates. */
export interface LiveJob {
  readonly watch: JobWatch;
  readonly view: Readonly<ShallowRef<JobView>>;
  readonly connection: Readonly<ShallowRef<Connection>>;
  readonly missing: Readonly<ShallowRef<boolean>>;
  readonly answer: Readonly<ShallowRef<LiveText>>;
  readonly thinking: Readonly<ShallowRef<LiveText>>;
}

interface Entry {
  readonly job: LiveJob;
  users: number;
}

/** Whoever shows the same job shares its connection: a browser has six for each server. */
const entries = new Map<string, Entry>();

/** Watches a job for as long as the calling component lives. */
export function useLiveJob(jobId: string): LiveJob {
  let entry = entries.get(jobId);
  if (entry === undefined) {
    entry = { job: openLiveJob(jobId), users: 0 };
    entries.set(jobId, entry);
  }
  const held = entry;
  held.users += 1;
  onScopeDispose(() => {
    held.users -= 1;
    if (held.users > 0) return;
    held.job.watch.stop();
    entries.delete(jobId);
  });
  return held.job;
}

function openLiveJob(jobId: string): LiveJob {
  const watch = new JobWatch(jobId, { fetchStatus: getStatus });
  const textOf = (channel: 'answer' | 'thinking'): LiveText => {
    const assembly = watch.text(channel);
    return { blocks: assembly.blocks, bytes: assembly.byteLength };
  };
  const view = shallowRef(watch.view);
  const connection = shallowRef(watch.connection);
  const missing = shallowRef(watch.missing);
  const answer = shallowRef(textOf('answer'));
  const thinking = shallowRef(textOf('thinking'));
  watch.subscribe((aspect) => {
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
        break;
    }
  });
  watch.start();
  return { watch, view, connection, missing, answer, thinking };
}
