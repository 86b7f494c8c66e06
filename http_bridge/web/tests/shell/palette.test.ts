import type { VueWrapper } from '@vue/test-utils';
import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import App from '../../src/App.vue';
// Compiled before the first test begins, however busy the machine is.
import '../../src/pages/JobPage.vue';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAlone } from '../support/mount';
import { models, restJob } from '../support/wire';

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer()
    .on('GET /api/v1/models', { body: models() })
    .on('GET /api/v1/jobs', {
      body: { jobs: [restJob({ job_id: 'job_7', state: 'STATE_FAILED' })], next_page_token: '' },
    })
    .on('GET /api/v1/jobs/job_7', { body: { job: restJob({ job_id: 'job_7' }) } });
});

async function openedPalette(): Promise<VueWrapper> {
  const app = mountAlone(App);
  await flushPromises();
  dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
  await flushPromises();
  return app;
}

const labels = (app: VueWrapper): string[] =>
  app.findAll(byTest('palette-option')).map((option) => option.get('.label').text());

describe('the command palette', () => {
  it('opens with Ctrl+K, offers pages, recent jobs and actions, and closes with it', async () => {
    const app = await openedPalette();
    expect(app.get<HTMLDialogElement>(byTest('palette')).element.open).toBe(true);
    expect(document.activeElement).toBe(app.get(byTest('palette-query')).element);
    expect(labels(app)).toEqual(
      expect.arrayContaining([
        'Generate',
        'API',
        'Why is the sky blue?',
        'New prompt',
        'Appearance: Dark',
        'Language: العربية',
      ]),
    );
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', metaKey: true }));
    await flushPromises();
    expect(app.get<HTMLDialogElement>(byTest('palette')).element.open).toBe(false);
  });

  it('opens with the button, too', async () => {
    const app = mountAlone(App);
    await app.get(byTest('open-palette')).trigger('click');
    await flushPromises();
    expect(app.get<HTMLDialogElement>(byTest('palette')).element.open).toBe(true);
  });

  it('is a combobox: arrows choose, round the ends, and Enter goes there', async () => {
    const app = await openedPalette();
    const query = app.get(byTest('palette-query'));
    expect(query.attributes('role')).toBe('combobox');
    await query.setValue('sky');
    const option = app.get(byTest('palette-option'));
    expect(query.attributes('aria-activedescendant')).toBe(option.attributes('id'));
    expect(option.attributes('aria-selected')).toBe('true');
    await query.setValue('');
    await query.trigger('keydown', { key: 'ArrowUp' });
    const last = app.findAll(byTest('palette-option')).at(-1)!;
    expect(last.attributes('aria-selected')).toBe('true');
    await query.trigger('keydown', { key: 'ArrowDown' });
    expect(app.get(byTest('palette-option')).attributes('aria-selected')).toBe('true');
    await query.setValue('sky');
    await query.trigger('keydown', { key: 'Enter' });
    await flushPromises();
    await vi.dynamicImportSettled();
    await flushPromises();
    expect(app.vm.$router.currentRoute.value.path).toBe('/jobs/job_7');
    expect(app.get<HTMLDialogElement>(byTest('palette')).element.open).toBe(false);
  });

  it('changes the appearance, which is remembered', async () => {
    const app = await openedPalette();
    await app.get(byTest('palette-query')).setValue('dark');
    await app.get(byTest('palette-option')).trigger('click');
    expect(document.documentElement.dataset['theme']).toBe('dark');
    expect(localStorage.getItem('genwatch.theme')).toBe('dark');
    await app.get(byTest('theme-choice')).setValue('auto');
    expect(document.documentElement.dataset['theme']).toBeUndefined();
  });

  it('says that nothing fits, and then Enter does nothing', async () => {
    const app = await openedPalette();
    const query = app.get(byTest('palette-query'));
    await query.setValue('zzz');
    await query.trigger('keydown', { key: 'Enter' });
    expect(app.get(byTest('palette')).text()).toContain('Nothing fits.');
  });

  it('works without the server', async () => {
    server.on('GET /api/v1/jobs', 'unreachable');
    const app = await openedPalette();
    expect(labels(app)).toContain('New prompt');
  });
});
