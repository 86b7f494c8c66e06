import type { Ref } from 'vue';
import { readonly, ref } from 'vue';
import { readStored, writeStored } from './stored';

/** `auto` follows the system, also when that changes. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'genwatch.theme';
const chosen = ref<Theme>('auto');

export function isTheme(word: unknown): word is Theme {
  return THEMES.some((theme) => theme === word);
}

/** What was chosen before; to be called before anything is drawn. */
export function showStoredTheme(): void {
  const stored = readStored(KEY);
  show(isTheme(stored) ? stored : 'auto');
}

/** All colours are told for light and dark; this says which of the two count. */
function show(theme: Theme): void {
  chosen.value = theme;
  const { dataset } = document.documentElement;
  if (theme === 'auto') delete dataset['theme'];
  else dataset['theme'] = theme;
}

export function useTheme(): {
  readonly theme: Readonly<Ref<Theme>>;
  readonly choose: (theme: Theme) => void;
} {
  return {
    theme: readonly(chosen),
    choose: (theme) => {
      show(theme);
      writeStored(KEY, theme === 'auto' ? null : theme);
    },
  };
}
