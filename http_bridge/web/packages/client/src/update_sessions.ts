import type { ApiError } from './api_error';
import type { Wishes } from './follower';
import type { CallOptions } from './http';
import { JobWatch } from './job_watch';
import type { UpdateSession } from './job_updates';
import type { SnapshotPatch } from './snapshot';
import type { WatchHub } from './watch_hub';
import type { WatchUpdate } from './watch_updates';
import { WatchReader } from './watch_updates';

export interface SessionContext {
  readonly hub: WatchHub;
  readonly wishes: Wishes;
  readonly fetchStatus: (jobId: string, options?: CallOptions) => Promise<SnapshotPatch | null>;
}

/** The named jobs, each from where it is said to stand. */
export function sessionOf(
  jobIds: Iterable<string>,
  cursors: Readonly<Record<string, string>>,
  context: SessionContext,
  wake: () => void,
): UpdateSession {
  const { hub, wishes, fetchStatus } = context;
  const readers = [...new Set(jobIds)].map((jobId) => {
    const cursor = cursors[jobId];
    const options = { hub, wishes, fetchStatus, ...(cursor !== undefined && { cursor }) };
    return new WatchReader(new JobWatch(jobId, options), wake);
  });
  for (const { watch } of readers) watch.start();
  // There is nothing to wait for about no job.
  if (readers.length === 0) wake();
  return {
    take: () => readers.flatMap((reader) => reader.take()),
    get isOver() {
      return readers.every((reader) => reader.isOver);
    },
    get error() {
      return refusalOf(readers);
    },
    close: () => {
      closeAll(readers);
    },
  };
}

/** All jobs of the caller that have not ended, those that come later included. */
export function sessionOfMine(context: SessionContext, wake: () => void): UpdateSession {
  const readers = new Set<WatchReader>();
  /** The server may list a job for a moment after it has told its end. */
  const told = new Set<string>();
  let refusal: ApiError | null = null;
  let wasLive = false;
  const leave = context.hub.joinMine(
    {
      onNewcomer: (jobId) => {
        if (told.has(jobId)) return null;
        told.add(jobId);
        const watch = new JobWatch(jobId, context);
        readers.add(new WatchReader(watch, wake));
        return watch.follow();
      },
      onConnection: (connection) => {
        wasLive ||= connection === 'live';
      },
      onRefused: (error, isFinal) => {
        if (!isFinal || wasLive) return;
        refusal = error;
        wake();
      },
    },
    context.wishes,
  );
  return {
    take: () => {
      const updates: WatchUpdate[] = [];
      for (const reader of [...readers]) {
        updates.push(...reader.take());
        if (reader.isOver) readers.delete(reader);
      }
      return updates;
    },
    isOver: false,
    get error() {
      return refusal;
    },
    close: () => {
      leave();
      closeAll(readers);
    },
  };
}

/** A refusal counts where nothing was ever heard: what worked once is worth waiting for. */
function refusalOf(readers: readonly WatchReader[]): ApiError | null {
  if (readers.some(({ watch }) => watch.view.known)) return null;
  return readers.find(({ watch }) => watch.isRefused)?.watch.problem ?? null;
}

function closeAll(readers: Iterable<WatchReader>): void {
  for (const reader of readers) {
    reader.close();
    reader.watch.stop();
  }
}
