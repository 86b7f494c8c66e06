import { afterEach, beforeEach, vi } from 'vitest';
import { enableAutoUnmount } from '@vue/test-utils';
import { FakeEventSource } from './fake_event_source';

enableAutoUnmount(afterEach);

beforeEach(() => {
  FakeEventSource.all.length = 0;
  sessionStorage.clear();
  localStorage.clear();
  document.documentElement.lang = 'en';
  document.documentElement.dir = 'ltr';
  vi.stubGlobal('EventSource', FakeEventSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
