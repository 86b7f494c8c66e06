/**
 * - `wake`: the network or the page is back, a good moment to try at once;
 * - `restored`: the page comes from the browser's page cache, where connections were closed;
 * - `offline`: the machine has lost its network;
 * - `hidden`, `shown`: nobody can see the page; somebody can.
 */
export type SurroundingsEvent = 'wake' | 'restored' | 'offline' | 'hidden' | 'shown';

/** What the client has to know of where it runs. */
export interface Surroundings {
  /** False only where the machine is sure to have no network. */
  online(): boolean;
  hidden(): boolean;
  /** Answers the function that ends the subscription. */
  subscribe(listener: (event: SurroundingsEvent) => void): () => void;
}

/** Node, workers: always online, always seen. */
const NOWHERE: Surroundings = {
  online: () => true,
  hidden: () => false,
  subscribe: () => () => undefined,
};

const PAGE: Surroundings = {
  online: () => navigator.onLine,
  hidden: () => document.visibilityState === 'hidden',
  subscribe(listener) {
    const ended = new AbortController();
    const { signal } = ended;
    const tell = (event: SurroundingsEvent) => () => {
      listener(event);
    };
    addEventListener('online', tell('wake'), { signal });
    addEventListener('offline', tell('offline'), { signal });
    addEventListener(
      'pageshow',
      (event) => {
        if (event.persisted) listener('restored');
      },
      { signal },
    );
    document.addEventListener(
      'visibilitychange',
      () => {
        listener(PAGE.hidden() ? 'hidden' : 'shown');
      },
      { signal },
    );
    return () => {
      ended.abort();
    };
  },
};

export function findSurroundings(): Surroundings {
  return typeof document === 'undefined' ? NOWHERE : PAGE;
}
