import type { ApiError, JobOutput } from '@genwatch/client';
import { getJobOutput, toApiError } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef } from 'vue';

/** A stored text, or its beginning. */
export interface StoredText {
  readonly text: string;
  readonly whole: boolean;
}

export interface JobOutputState {
  /** Null while nothing is here. */
  readonly stored: Readonly<ShallowRef<StoredText | null>>;
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  readonly load: () => Promise<void>;
}

/** More than the server keeps of one job by default. */
const MAX_BYTES = 4 * 1024 * 1024;
/** The texts of jobs that have ended stay as they are. */
const CACHED = 40;
const cache = new Map<string, StoredText>();

function remember(key: string, stored: StoredText): void {
  cache.delete(key);
  cache.set(key, stored);
  const oldest = cache.keys().next().value;
  if (cache.size > CACHED && oldest !== undefined) cache.delete(oldest);
}

/**
 * The answer of a job that has ended: the first piece that the server gives (256 KiB), or, with
 * `whole`, all of it. It is asked for by `load`, and at most once while that goes on.
 */
export function useJobOutput(jobId: string, version: number, whole: boolean): JobOutputState {
  const key = keyOf(jobId, version, whole);
  const stored = shallowRef<StoredText | null>(cache.get(key) ?? null);
  const error = shallowRef<ApiError | null>(null);
  let loading = false;
  let disposed = false;

  const load = async (): Promise<void> => {
    if (loading || stored.value !== null) return;
    loading = true;
    error.value = null;
    try {
      const answer = await read(jobId, whole);
      remember(key, answer);
      if (!disposed) stored.value = answer;
    } catch (thrown) {
      if (!disposed) error.value = toApiError(thrown);
    } finally {
      loading = false;
    }
  };
  onScopeDispose(() => {
    disposed = true;
  });
  return { stored, error, load };
}

async function read(jobId: string, whole: boolean): Promise<StoredText> {
  let text = '';
  let end = 0;
  let piece: JobOutput;
  do {
    piece = await getJobOutput(jobId, end);
    text += piece.text;
    end = piece.offset + new TextEncoder().encode(piece.text).length;
  } while (whole && piece.text !== '' && end < Math.min(piece.textLength, MAX_BYTES));
  return { text, whole: end >= piece.textLength };
}

/** The text of a job that was watched to its end need not be read once more. */
export function seedJobOutput(jobId: string, version: number, text: string): void {
  for (const whole of [true, false]) remember(keyOf(jobId, version, whole), { text, whole: true });
}

function keyOf(jobId: string, version: number, whole: boolean): string {
  return `${jobId} ${version} ${String(whole)}`;
}
