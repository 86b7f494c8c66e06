import type { Ref } from 'vue';
import { ref, watch } from 'vue';

const KEY = 'genwatch.draft';

/** What is being written survives a reload of the page; the tab's end forgets it. */
export function useDraft(): Ref<string> {
  const draft = ref(read());
  watch(draft, saveDraft);
  return draft;
}

export function saveDraft(text: string): void {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // Storage is full or forbidden: then a reload forgets the draft, and nothing else is lost.
  }
}

function read(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}
