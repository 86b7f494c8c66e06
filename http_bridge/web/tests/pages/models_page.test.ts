import type { VueWrapper } from '@vue/test-utils';
import { flushPromises } from '@vue/test-utils';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeServer } from '@support/fake_server';
import { mountAt } from '@support/mount';

/** What was drawn: happy-dom has no canvas. */
const drawn = vi.hoisted(() => [] as { data: unknown[][]; dark: boolean }[]);
vi.mock('uplot', () => ({
  default: class {
    width = 300;
    height = 200;
    constructor(_options: unknown, data: unknown[][]) {
      drawn.push({ data, dark: document.documentElement.dataset['theme'] === 'dark' });
    }
    setSize(): void {}
    destroy(): void {}
  },
}));

const today = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();

const stats = (model: string, more: object = {}): object => ({
  model,
  period_start: today,
  finished: 10,
  failed: 1,
  success_rate: 10 / 11,
  mean_generation_ms: 5200,
  median_generation_ms: 4200,
  mean_tokens_per_second: 26,
  median_tokens_per_second: 25,
  mean_first_token_ms: 400,
  median_first_token_ms: 380,
  mean_tokens: 120,
  median_tokens: 1204,
  scored: 4,
  percent_error_25: 12,
  percent_error_50: 9,
  percent_error_75: 5,
  remaining_log_error_25: Math.log(2),
  remaining_log_error_50: Math.log(1.5),
  remaining_log_error_75: 0,
  band_coverage: 0.5,
  ...more,
});

const model = {
  name: 'qwen3:8b',
  parameter_size: '8.2B',
  quantization: 'Q4_K_M',
  size_bytes: 5.2e9,
};
const models = {
  models: [{ ...model, context_length: 40960, loaded: true, capabilities: ['completion'] }],
  servers: [{ url: 'http://models:11434', version: '0.33.0', reachable: false }],
};
const sample = { model: 'qwen3:8b', share: 50, told_ms: 4000, true_ms: 3000 };

// A page with six plots, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

// The page is loaded when it is first wanted; that is not what a test should wait for.
beforeAll(async () => {
  await import('../../src/pages/ModelsPage.vue');
}, 120_000);

let server: FakeServer;

beforeEach(() => {
  drawn.length = 0;
  server = new FakeServer()
    .on('GET /api/v1/models', { body: models })
    .on('GET /api/v1/model_stats', {
      body: { stats: [stats('llama3:8b', { finished: 3 }), stats('qwen3:8b')] },
    })
    .on('GET /api/v1/estimate_samples', { body: { samples: [sample] } });
});

async function open(language: 'en' | 'de' | 'ar' = 'en'): Promise<VueWrapper> {
  const page = await mountAt('/models', language);
  await vi.dynamicImportSettled();
  await flushPromises();
  return page;
}

const modelNames = (page: VueWrapper): string[] =>
  page.findAll('tbody th .model').map((name) => name.text());

describe('the page of the models', () => {
  it('shows the models side by side, with what they are', async () => {
    const page = await open();
    expect(modelNames(page)).toEqual(['qwen3:8b', 'llama3:8b']);
    const row = page.findAll('tbody tr')[0];
    expect(row?.text()).toContain('8.2B · Q4_K_M · 5.2 GB · 41K context');
    expect(row?.text()).toContain('in memory');
    expect(row?.findAll('td').map((cell) => cell.text())).toEqual([
      '10',
      '4.2 son average⌀5.2 s',
      '25 tok/son average⌀26 tok/s',
      '380 mson average⌀400 ms',
      '1,204on average⌀120',
      '91%1 failed',
    ]);
    expect(page.text()).toContain('on no server now');
    expect(page.text()).toContain('does not answer; jobs wait for it');
  });

  it('is sorted by any column, and says so to those who listen', async () => {
    const page = await open();
    const heading = (name: string): ReturnType<VueWrapper['find']> =>
      page.findAll('thead th').find((th) => th.text().startsWith(name))!;
    expect(heading('Jobs').attributes('aria-sort')).toBe('descending');
    await heading('Model').find('button').trigger('click');
    expect(heading('Model').attributes('aria-sort')).toBe('ascending');
    expect(heading('Jobs').attributes('aria-sort')).toBe('none');
    expect(modelNames(page)).toEqual(['llama3:8b', 'qwen3:8b']);
    await heading('Model').find('button').trigger('click');
    expect(modelNames(page)).toEqual(['qwen3:8b', 'llama3:8b']);
  });

  it('draws five plots and the scatter, each with its values beside', async () => {
    const page = await open();
    expect(page.findAll('figure h3').map((title) => title.text())).toEqual([
      'Time to generate',
      'Speed',
      'Time to the first token',
      'Length in tokens',
      'Jobs that succeeded',
      'Predicted against true',
    ]);
    expect(drawn).toHaveLength(6);
    expect(drawn[1]?.data[1]?.at(-1)).toBe(25);
    const speed = page.findAll('figure')[1];
    expect(speed?.find('details tbody').text()).toContain('25 tok/s');
    expect(page.findAll('.canvas').every((host) => host.attributes('aria-hidden') === 'true')).toBe(
      true,
    );
  });

  it('draws anew in another theme, and without a model that was taken out', async () => {
    const page = await open();
    drawn.length = 0;
    document.documentElement.dataset['theme'] = 'dark';
    await vi.waitFor(() => {
      expect(drawn).toHaveLength(6);
    });
    expect(drawn.every(({ dark }) => dark)).toBe(true);
    delete document.documentElement.dataset['theme'];

    const swatch = page.find('button.swatch');
    expect(swatch.attributes('aria-pressed')).toBe('true');
    drawn.length = 0;
    await swatch.trigger('click');
    expect(page.find('button.swatch').attributes('aria-pressed')).toBe('false');
    await vi.waitFor(() => {
      expect(drawn.at(-1)?.data.length).toBeLessThan(4);
    });
  });

  it('says in words how right the time left was', async () => {
    const page = await open();
    expect(page.find('.words').text()).toContain('9 points off on average');
    expect(page.find('.words').text()).toContain('within a factor of 1.5');
    expect(page.find('.words').text()).toContain('held in 50% of the cases');
    expect(page.text()).toContain('too narrow');
    expect(page.text()).toContain('×2');
  });

  it('asks for weeks when weeks are chosen', async () => {
    const page = await open();
    await page.find('input[value="week"]').setValue();
    await flushPromises();
    const asked = server.seen.map(({ path }) => path);
    expect(asked).toContain('/api/v1/model_stats?period=PERIOD_DAY&periods=14');
    expect(asked).toContain('/api/v1/model_stats?period=PERIOD_WEEK&periods=12');
    expect(page.text()).toContain('Week by week');
  });

  it('invites to write a prompt while no job has ended', async () => {
    server.on('GET /api/v1/model_stats', { body: { stats: [] } });
    const page = await open();
    expect(page.text()).toContain('Nothing to compare yet');
    expect(modelNames(page)).toEqual(['qwen3:8b']);
    expect(page.findAll('figure')).toHaveLength(0);
  });

  it('says that it loads, and what went wrong', async () => {
    server.on('GET /api/v1/model_stats', 'unreachable');
    const page = await open();
    expect(page.find('[role=alert]').text()).toContain('The statistics cannot be read.');
    server.on('GET /api/v1/model_stats', { body: { stats: [stats('qwen3:8b')] } });
    await page.find('[role=alert] button').trigger('click');
    await flushPromises();
    expect(page.find('[role=alert]').exists()).toBe(false);
    expect(modelNames(page)).toEqual(['qwen3:8b']);

    server.on('GET /api/v1/model_stats', 'unreachable');
    await page.find('input[value="week"]').setValue();
    await flushPromises();
    // What is there stays, and is said to be old.
    expect(page.find('[role=alert]').text()).toContain('The figures are not fresh.');
    expect(modelNames(page)).toEqual(['qwen3:8b']);
  });

  it('speaks German and Arabic', async () => {
    expect((await open('de')).text()).toContain('Die Modelle und was ihre Aufträge brauchten');
    expect((await open('ar')).find('h1').text()).toBe('النماذج');
  });
});
