import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it } from 'vitest';
import App from '../../src/App.vue';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAlone, mountAt } from '../support/mount';
import { models } from '../support/wire';

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
});

describe('the application', () => {
  it('says loudly that a simulator answers, and how to use Ollama', async () => {
    server.on('GET /api/v1/models', { body: models({ simulated: true }) });
    const app = mountAlone(App);
    await flushPromises();
    const badge = app.get(byTest('sim-badge')).text();
    expect(badge).toContain('Simulated model: the text is made up');
    expect(badge).toContain('OLLAMA_URL=http://127.0.0.1:11434 make run');
  });

  it('does not say so of a real model', async () => {
    server.on('GET /api/v1/models', { body: models() });
    const app = mountAlone(App);
    await flushPromises();
    expect(app.find(byTest('sim-badge')).exists()).toBe(false);
  });

  it('says that the model server does not answer', async () => {
    const servers = [{ url: 'http://127.0.0.1:11434', reachable: false }];
    server.on('GET /api/v1/models', { body: models({ servers }) });
    const app = mountAlone(App);
    await flushPromises();
    expect(app.text()).toContain('The model server does not answer');
  });

  it('has an answer for an address that does not exist', async () => {
    const page = await mountAt('/no/such/page');
    expect(page.get('h1').text()).toBe('No such page');
    expect(page.text()).toContain('/no/such/page');
  });
});
