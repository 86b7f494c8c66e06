import { onScopeDispose } from 'vue';

export interface Looks {
  /** Looks now. */
  readonly refresh: () => Promise<void>;
  /** Whoever looked has gone: an answer that comes is nobody's. */
  readonly isOver: () => boolean;
}

/**
 * Looks at once, and `paceMs` after each look again; not while the page is hidden, and at once when
 * it is seen again or the network is back. `look` keeps its failures to itself.
 */
export function useLooks(look: () => Promise<void>, paceMs: () => number): Looks {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  const refresh = async (): Promise<void> => {
    clearTimeout(timer);
    await look();
    // Of looks that overlap, the last one sets the time.
    clearTimeout(timer);
    if (over || document.visibilityState === 'hidden') return;
    timer = setTimeout(() => void refresh(), paceMs());
  };

  const wake = (): void => {
    if (document.visibilityState !== 'hidden') void refresh();
  };
  document.addEventListener('visibilitychange', wake);
  addEventListener('online', wake);
  onScopeDispose(() => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
    removeEventListener('online', wake);
  });
  void refresh();
  return { refresh, isOver: () => over };
}
