import type { Ref } from 'vue';
import { onScopeDispose, ref } from 'vue';

const SHOWN_MS = 1500;

export type CopyState = 'idle' | 'copied' | 'failed';

/** Copies text, and says for a moment whether that worked. */
export function useCopy(): {
  readonly state: Readonly<Ref<CopyState>>;
  readonly copy: (text: string) => Promise<void>;
} {
  const state = ref<CopyState>('idle');
  let timer: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => {
    clearTimeout(timer);
  });
  const copy = async (text: string): Promise<void> => {
    state.value = (await writeText(text)) ? 'copied' : 'failed';
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.value = 'idle';
    }, SHOWN_MS);
  };
  return { state, copy };
}

async function writeText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text);
  }
}

/** Pages that are not served over TLS or from this machine have no clipboard. */
function writeBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  try {
    // Deprecated, and the only way there.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
  }
}
