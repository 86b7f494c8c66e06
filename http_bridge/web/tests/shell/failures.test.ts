import { flushPromises, mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, ref } from 'vue';
import type { Router } from 'vue-router';
import { createMemoryHistory, createRouter } from 'vue-router';
import App from '../../src/App.vue';
import { routes } from '../../src/router';
import { FakeServer } from '../support/fake_server';
import { appPlugins, byTest } from '../support/mount';
import { models } from '../support/wire';

beforeEach(() => {
  new FakeServer().on('GET /api/v1/models', { body: models() });
});

const broken = ref(true);
const Faulty = defineComponent({
  setup: () => () => {
    if (broken.value) throw new Error('the page is upset');
    return h('h1', 'All is well');
  },
});

function routerWith(component: unknown): Router {
  return createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/extra', name: 'extra', component: component as never }, ...routes],
  });
}

async function appAt(router: Router, path: string): Promise<ReturnType<typeof mount>> {
  const app = mount(App, { global: { plugins: appPlugins(router) }, attachTo: document.body });
  await router.push(path).catch(() => undefined);
  await flushPromises();
  return app;
}

describe('what can go wrong around a page', () => {
  it('a fault in a page ends that page only, and says so', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const router = routerWith(Faulty);
    const app = await appAt(router, '/extra');
    expect(app.get(byTest('failed-page')).text()).toContain('This page has stopped');
    expect(app.get(byTest('failed-page')).text()).toContain('the page is upset');
    expect(reported).toHaveBeenCalledOnce();
    await router.push('/nowhere');
    await flushPromises();
    expect(app.get('h1').text()).toBe('No such page');
  });

  it('a page that cannot be loaded has an answer, until another one can', async () => {
    const router = routerWith(() => Promise.reject(new TypeError('Failed to fetch module')));
    const app = await appAt(router, '/extra');
    expect(app.get(byTest('failed-page')).text()).toContain('This page could not be loaded');
    await router.push('/nowhere');
    await flushPromises();
    expect(app.find(byTest('failed-page')).exists()).toBe(false);
    expect(app.get('h1').text()).toBe('No such page');
  });

  it('loads such a page from the server when asked', async () => {
    const assign = vi.spyOn(location, 'assign').mockImplementation(() => undefined);
    const router = routerWith(() => Promise.reject(new TypeError('Failed to fetch module')));
    const app = await appAt(router, '/extra');
    await app.get(`${byTest('failed-page')} button`).trigger('click');
    expect(assign).toHaveBeenCalledWith('/extra');
  });

  it('says that the network is away, and takes it back', async () => {
    const online = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    const app = await appAt(routerWith(Faulty), '/nowhere');
    expect(app.get(byTest('offline-notice')).text()).toContain('You are offline.');
    online.mockReturnValue(true);
    dispatchEvent(new Event('online'));
    await flushPromises();
    expect(app.find(byTest('offline-notice')).exists()).toBe(false);
  });

  it('says that the server does not answer', async () => {
    new FakeServer().on('GET /api/v1/models', 'unreachable');
    const app = await appAt(routerWith(Faulty), '/nowhere');
    expect(app.get(byTest('server-away')).text()).toContain('Genwatch does not answer.');
  });
});
