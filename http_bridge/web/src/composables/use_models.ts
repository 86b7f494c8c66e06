import type { ComputedRef, ShallowRef } from 'vue';
import { computed, onScopeDispose, shallowRef } from 'vue';
import type { ApiError, Model, ModelList } from '@genwatch/client';
import { listModels, toApiError } from '@genwatch/client';

/** Models come and go with their server; while none is known one looks more often. */
const REFRESH_MS = 30_000;
const RETRY_MS = 3000;

export interface Models {
  /** Null until the first answer. */
  readonly list: Readonly<ShallowRef<ModelList | null>>;
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  /** Those that write text. */
  readonly choices: ComputedRef<readonly Model[]>;
  readonly simulated: ComputedRef<boolean>;
}

const list = shallowRef<ModelList | null>(null);
const error = shallowRef<ApiError | null>(null);
let users = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

async function refresh(): Promise<void> {
  clearTimeout(timer);
  try {
    list.value = await listModels();
    error.value = null;
  } catch (thrown) {
    error.value = toApiError(thrown);
  }
  if (users === 0) return;
  const settled = error.value === null && (list.value?.models.length ?? 0) > 0;
  timer = setTimeout(() => void refresh(), settled ? REFRESH_MS : RETRY_MS);
}

/** Embedding models can't answer a prompt. */
function canWrite(model: Model): boolean {
  return model.capabilities.length === 0 || model.capabilities.includes('completion');
}

/** The list of models, read once for the whole page and kept fresh while anybody uses it. */
export function useModels(): Models {
  users += 1;
  if (users === 1) void refresh();
  onScopeDispose(() => {
    users -= 1;
    if (users === 0) clearTimeout(timer);
  });
  return {
    list,
    error,
    choices: computed(() => (list.value?.models ?? []).filter(canWrite)),
    simulated: computed(() => list.value?.simulated ?? false),
  };
}
