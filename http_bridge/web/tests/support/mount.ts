import type { VueWrapper } from '@vue/test-utils';
import { flushPromises, mount } from '@vue/test-utils';
import type { Component } from 'vue';
import { defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, RouterView } from 'vue-router';
import { routes } from '../../src/router';

/** The page under this address, as the application would show it. */
export async function mountAt(path: string): Promise<VueWrapper> {
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push(path);
  const wrapper = mount(RouterView, { global: { plugins: [router] }, attachTo: document.body });
  await flushPromises();
  return wrapper;
}

/** A component with a router around. */
export function mountAlone(component: Component): VueWrapper {
  const router = createRouter({ history: createMemoryHistory(), routes });
  const options = { global: { plugins: [router] }, attachTo: document.body };
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
  );
  return { result: result as T, wrapper };
}

export const byTest = (id: string): string => `[data-testid="${id}"]`;
