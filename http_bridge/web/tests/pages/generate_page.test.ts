import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeEventSource } from '../support/fake_event_source';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAt } from '../support/mount';
import { generating, models, restJob } from '../support/wire';

let server: FakeServer;

beforeEach(() => {
  let next = 1;
  server = new FakeServer()
    .on('GET /api/v1/models', { body: models() })
    .on('POST /api/v1/ai/generate', () => ({
      status: 202,
      body: { success: true, data: { job: { job_id: `job_${next++}`, status: 'queued' } } },
    }));
  for (const id of ['job_1', 'job_2', 'job_3', 'job_4']) {
    server.on(`GET /api/v1/jobs/${id}`, { body: { job: restJob({ job_id: id }) } });
  }
});

describe('the page Generate', () => {
  it('offers the models of the server that can write', async () => {
    const page = await mountAt('/generate');
    const options = page.findAll(`${byTest('model-select')} option`).map((o) => o.text());
    expect(options).toEqual(['Default (qwen3:8b)', 'qwen3:8b · 8.2B · 5.2 GB · loaded']);
  });

  it('fills the prompt in from one of three examples', async () => {
    const page = await mountAt('/generate');
    const chips = page.findAll(byTest('example-chip'));
    expect(chips).toHaveLength(3);
    await chips[1]!.trigger('click');
    const field = page.get<HTMLTextAreaElement>(byTest('prompt-input')).element;
    expect(field.value).toContain('bash script');
    expect(document.activeElement).toBe(field);
  });

  it('submits with Ctrl and Enter, and shows the live card below', async () => {
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Why is the sky blue?');
    await page.get(byTest('model-select')).setValue('qwen3:8b');
    await page.get(byTest('priority-select')).setValue('high');
    await page.get(byTest('prompt-input')).trigger('keydown', { key: 'Enter', ctrlKey: true });
    await flushPromises();
    const submits = server.seen.filter((seen) => seen.method === 'POST');
    expect(submits.map((seen) => seen.body)).toMatchObject([
      { prompt: 'Why is the sky blue?', model: 'qwen3:8b', priority: 'high' },
    ]);
    expect(page.findAll(byTest('job-card'))).toHaveLength(1);
    expect(FakeEventSource.open).toHaveLength(1);
    FakeEventSource.last.accept().send('progress', generating());
    await flushPromises();
    expect(page.get(byTest('job-state')).text()).toBe('Generating');
    expect(document.title).toBe('45 % · Genwatch');
    expect(page.get<HTMLTextAreaElement>(byTest('prompt-input')).element.value).toBe('');
  });

  it('submits once, however often one presses', async () => {
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    void page.get('form').trigger('submit');
    void page.get('form').trigger('submit');
    await flushPromises();
    expect(server.count('POST /api/v1/ai/generate')).toBe(1);
  });

  it('makes one job of a submit whose answer was lost, and two of two submits', async () => {
    const answer = { status: 202, body: { data: { job: { job_id: 'job_1' } } } };
    const page = await mountAt('/generate');
    const submitHi = async (): Promise<unknown> => {
      await page.get(byTest('prompt-input')).setValue('Hi');
      await page.get('form').trigger('submit');
      await flushPromises();
      return server.seen.findLast((seen) => seen.method === 'POST')?.body;
    };
    server.on('POST /api/v1/ai/generate', 'unreachable');
    const lost = await submitHi();
    server.on('POST /api/v1/ai/generate', answer);
    expect(await submitHi()).toEqual(lost);
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get('form').trigger('submit');
    await flushPromises();
    const ids = server.seen
      .filter((seen) => seen.method === 'POST')
      .map((seen) => (seen.body as { request_id: string }).request_id);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(2);
  });

  it('does not submit a blank prompt or one that is too long', async () => {
    const page = await mountAt('/generate');
    const submit = page.get(byTest('submit'));
    await page.get(byTest('prompt-input')).setValue(' \n ');
    expect(submit.attributes('disabled')).toBeDefined();
    await page.get(byTest('prompt-input')).setValue('ü'.repeat(40_000));
    expect(submit.attributes('disabled')).toBeDefined();
    expect(page.text()).toContain('80,000 of at most 65,536 bytes');
  });

  it('keeps the prompt where it was refused, and says why', async () => {
    server.on('POST /api/v1/ai/generate', {
      status: 404,
      body: {
        success: false,
        error: 'There is no model "gone".',
        code: 'MODEL_NOT_FOUND',
        field_violations: [{ field: 'model', description: 'is not installed' }],
      },
    });
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get('form').trigger('submit');
    await flushPromises();
    const alert = page.get('[role="alert"]').text();
    for (const words of ['There is no model "gone".', 'is not installed', 'MODEL_NOT_FOUND']) {
      expect(alert).toContain(words);
    }
    expect(page.get<HTMLTextAreaElement>(byTest('prompt-input')).element.value).toBe('Hi');
  });

  it('restores what was submitted from the address, newest first and at most three', async () => {
    const page = await mountAt('/generate?job=job_4&job=job_3&job=job_3&job=job_2&job=job_1');
    const cards = page.findAll(byTest('job-card'));
    expect(cards.map((card) => card.attributes('data-job-id'))).toEqual([
      'job_4',
      'job_3',
      'job_2',
    ]);
    expect(FakeEventSource.open).toHaveLength(1);
    expect(FakeEventSource.last.asked('job_id')).toHaveLength(3);
  });

  it('keeps a draft over a reload', async () => {
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Half a thou');
    page.unmount();
    const again = await mountAt('/generate');
    expect(again.get<HTMLTextAreaElement>(byTest('prompt-input')).element.value).toBe(
      'Half a thou',
    );
  });

  it('works without a list of models', async () => {
    server.on('GET /api/v1/models', { status: 503, body: {} });
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    expect(page.get(byTest('submit')).attributes('disabled')).toBeUndefined();
    expect(page.text()).toContain('The list of models cannot be read now.');
  });
});
