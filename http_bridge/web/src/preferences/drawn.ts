import type { Ref } from 'vue';
import { ref, watch } from 'vue';
import { readStored, writeStored } from './stored';

const KEY = 'genwatch.drawn';

/** Whether answers that have ended are drawn as Markdown, or shown as the text that they are. */
export function useDrawn(): Ref<boolean> {
  const drawn = ref(readStored(KEY) === 'yes');
  watch(drawn, (wanted) => {
    writeStored(KEY, wanted ? 'yes' : null);
  });
  return drawn;
}
