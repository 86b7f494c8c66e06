import type { Ref } from 'vue';
import { readonly, ref } from 'vue';
import { readStored, writeStored } from './stored';

/**
 * Whether the browser tells of jobs that have ended while nobody looks. `blocked`: the reader has
 * forbidden it to this site; `absent`: the browser has no such thing.
 */
export type Notices = 'off' | 'on' | 'blocked' | 'absent';

const KEY = 'genwatch.notices';
const state = ref<Notices>('off');

function read(): Notices {
  if (typeof Notification === 'undefined') return 'absent';
  if (Notification.permission === 'denied') return 'blocked';
  const wanted = readStored(KEY) === 'on';
  return wanted && Notification.permission === 'granted' ? 'on' : 'off';
}

export function useNotices(): {
  readonly state: Readonly<Ref<Notices>>;
  /** Asks the browser where it must; only to be called on a click, else browsers refuse. */
  readonly toggle: () => Promise<void>;
} {
  state.value = read();
  return {
    state: readonly(state),
    toggle: async () => {
      const turnOn = read() === 'off';
      if (turnOn) await Notification.requestPermission();
      writeStored(KEY, turnOn ? 'on' : null);
      state.value = read();
    },
  };
}

export interface Notice {
  readonly title: string;
  readonly body: string;
  /** A later one with the same tag takes its place. */
  readonly tag: string;
  readonly onClick: () => void;
}

/** Told only while it is wanted and nobody looks at the page. */
export function tell(notice: Notice): void {
  if (read() !== 'on' || document.visibilityState !== 'hidden') return;
  const { lang, dir } = document.documentElement;
  const shown = new Notification(notice.title, {
    body: notice.body,
    tag: notice.tag,
    icon: '/favicon.svg',
    lang,
    dir: dir === 'rtl' ? 'rtl' : 'ltr',
  });
  shown.onclick = () => {
    window.focus();
    notice.onClick();
    shown.close();
  };
}
