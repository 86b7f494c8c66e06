import { afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { setDefaultHub, WatchHub } from '@genwatch/client';
import { enableAutoUnmount } from '@vue/test-utils';
import { FakeEventSource } from './fake_event_source';

enableAutoUnmount(afterEach);

// What a card fetches when it is drawn for the first time is there at once, as in a warm browser.
beforeAll(async () => {
  if (typeof document === 'undefined') return;
  const { prepareParts } = await import('@genwatch/vue');
  await prepareParts();
});

beforeEach(() => {
  // Some tests run where there is no page.
  if (typeof document !== 'undefined') {
    sessionStorage.clear();
    localStorage.clear();
    document.documentElement.lang = 'en';
    document.documentElement.dir = 'ltr';
  }
  FakeEventSource.forgetAll();
  setDefaultHub(new WatchHub({ transport: FakeEventSource.transport }));
});

afterEach(() => {
  setDefaultHub(null);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
