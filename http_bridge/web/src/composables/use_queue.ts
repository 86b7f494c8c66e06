import type { ApiError, Priority, Queues } from '@genwatch/client';
import {
  holdModel,
  listJobs,
  orderJob,
  readQueue,
  releaseModel,
  setPriority,
  toApiError,
} from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { shallowRef } from 'vue';
import { firstLine } from '../lib/format';
import type { Polled } from './use_polled';
import { usePolled } from './use_polled';

/** While something runs or waits, and while nothing does. */
const BUSY_MS = 2000;
const IDLE_MS = 8000;
/** Of one's own jobs, as many as one page of the list holds. */
const NAMED = 200;

export interface QueueOrders {
  /** Each answers whether it was done; `refused` says why not. */
  readonly hold: (model: string, note: string) => Promise<boolean>;
  readonly release: (model: string) => Promise<boolean>;
  readonly cancel: (jobId: string) => Promise<boolean>;
  readonly move: (jobId: string, priority: Priority) => Promise<boolean>;
  readonly refused: Readonly<ShallowRef<ApiError | null>>;
}

export interface Queue extends Polled<Queues>, QueueOrders {
  /** What the reader calls his own jobs, by id. */
  readonly names: Readonly<ShallowRef<ReadonlyMap<string, string>>>;
}

/** The queues of all models, looked at again and again, and what may be ordered about them. */
export function useQueue(): Queue {
  const names = shallowRef<ReadonlyMap<string, string>>(new Map());
  const refused = shallowRef<ApiError | null>(null);

  const readNames = async (queues: Queues): Promise<void> => {
    const mine = queues.queues.flatMap(({ entries }) => entries.filter((entry) => entry.mine));
    if (mine.every(({ jobId }) => jobId === null || names.value.has(jobId))) return;
    const { jobs } = await listJobs(NAMED, '', { states: ['queued', 'processing', 'paused'] });
    names.value = new Map([
      // Whatever could not be found is not asked for each time.
      ...mine.flatMap(({ jobId }) => (jobId === null ? [] : [[jobId, ''] as const])),
      ...names.value,
      ...jobs.map((job) => [job.jobId, firstLine(job.prompt)] as const),
    ]);
  };

  const polled = usePolled(
    async () => {
      const queues = await readQueue();
      // Without names the page still tells what it is about.
      readNames(queues).catch(() => undefined);
      return queues;
    },
    (queues) => (queues?.queues.some(({ entries }) => entries.length > 0) ? BUSY_MS : IDLE_MS),
  );

  const give = async (order: () => Promise<unknown>): Promise<boolean> => {
    refused.value = null;
    try {
      await order();
    } catch (thrown) {
      refused.value = toApiError(thrown);
      return false;
    } finally {
      // Also after a refusal: it was given from a picture that may be old.
      void polled.refresh();
    }
    return true;
  };

  return {
    ...polled,
    names,
    refused,
    hold: (model, note) => give(() => holdModel(model, note)),
    release: (model) => give(() => releaseModel(model)),
    cancel: (jobId) => give(() => orderJob(jobId, 'cancel')),
    move: (jobId, priority) => give(() => setPriority(jobId, priority)),
  };
}
