import { onScopeDispose, watchEffect } from 'vue';

const NAME = 'Genwatch';

/** The title of the window, for as long as the calling page lives. */
export function useTitle(title: () => string): void {
  watchEffect(() => {
    const text = title();
    document.title = text === '' ? NAME : `${text} · ${NAME}`;
  });
  onScopeDispose(() => {
    document.title = NAME;
  });
}
