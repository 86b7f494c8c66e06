import type { VueWrapper } from '@vue/test-utils';
import { flushPromises, mount } from '@vue/test-utils';
import type { Component, Plugin } from 'vue';
import { defineComponent, h } from 'vue';
import type { Router } from 'vue-router';
import { createMemoryHistory, createRouter, RouterView } from 'vue-router';
import { createMessages } from '../../src/i18n/i18n';
import type { Language } from '../../src/i18n/languages';
import { showLanguage } from '../../src/i18n/use_language';
import { routes } from '../../src/router';

/** What the application gives to each component: its messages, and a router at the start page. */
export function appPlugins(router: Router = testRouter()): Plugin[] {
  return [testMessages(), router];
}

function testRouter(): Router {
  return createRouter({ history: createMemoryHistory(), routes });
}

// The type is the library's.
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
function testMessages() {
  const i18n = createMessages();
  // A key without a message is a fault, in the test that meets it.
  i18n.global.setMissingHandler((_locale, key) => {
    throw new Error(`there is no message ${key}`);
  });
  return i18n;
}

/** The page under this address, as the application would show it. */
export async function mountAt(path: string, language: Language = 'en'): Promise<VueWrapper> {
  const router = testRouter();
  const i18n = testMessages();
  await showLanguage(i18n.global, language);
  await router.push(path);
  const wrapper = mount(RouterView, {
    global: { plugins: [i18n, router] },
    attachTo: document.body,
  });
  await flushPromises();
  return wrapper;
}

/** A component with messages and a router around. */
export function mountAlone(component: Component, props: Record<string, unknown> = {}): VueWrapper {
  const options = { props, global: { plugins: appPlugins() }, attachTo: document.body };
  return mount(component, options) as VueWrapper;
}

/** A component whose setup is the given function, and its result. */
export function withSetup<T>(setup: () => T): { readonly result: T; readonly wrapper: VueWrapper } {
  let result: T | undefined;
  const wrapper = mount(
    defineComponent({
      setup() {
        result = setup();
        return () => h('div');
      },
    }),
    { global: { plugins: appPlugins() } },
  );
  return { result: result as T, wrapper };
}

export const byTest = (id: string): string => `[data-testid="${id}"]`;
