import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeEventSource } from '../support/fake_event_source';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAt } from '../support/mount';
import { complete, generating, models, restJob } from '../support/wire';

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
    expect(options).toEqual([
      'Default (qwen3:8b)',
      'qwen3:8b · 8.2B · 5.2 GB · 40K context · loaded',
    ]);
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
    const alert = page.findAll('[role="alert"]').at(-1)!.text();
    for (const words of ['There is no model "gone".', 'is not installed', 'MODEL_NOT_FOUND']) {
      expect(alert).toContain(words);
    }
    expect(page.get<HTMLTextAreaElement>(byTest('prompt-input')).element.value).toBe('Hi');
  });

  it('says beside each field what the server found wrong with it', async () => {
    server.on('POST /api/v1/ai/generate', {
      status: 400,
      body: {
        success: false,
        error: 'The request is not valid.',
        code: 'INVALID_REQUEST',
        field_violations: [
          { field: 'options.stop[1]', description: 'must be valid Unicode' },
          { field: 'options.temperature', description: 'must be 0 to 2 here' },
        ],
      },
    });
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get(byTest('option-temperature')).setValue('3');
    await page.get('form').trigger('submit');
    await flushPromises();
    const temperature = page.get(byTest('option-temperature'));
    expect(temperature.attributes('aria-invalid')).toBe('true');
    expect(page.get('#note-temperature').text()).toBe('Must be 0 to 2 here.');
    expect(page.get('#note-stop').text()).toBe('Must be valid Unicode.');
    expect(document.activeElement).toBe(temperature.element);
    // Who changes the field has understood.
    await temperature.setValue('1');
    expect(page.find('#note-temperature').exists()).toBe(false);
    expect(page.find('#note-stop').exists()).toBe(true);
  });

  it('finds what the server would refuse before it is sent', async () => {
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get(byTest('option-numPredict')).setValue('1.5');
    await page.get(byTest('option-topP')).setValue('2');
    expect(page.get('#note-numPredict').text()).toBe('A whole number from 1 to 10,000,000');
    expect(page.get('#note-topP').text()).toBe('A number from 0 to 1');
    expect(page.get(byTest('submit')).attributes('disabled')).toBeDefined();
    await page.get(byTest('option-numPredict')).setValue('200');
    await page.get(byTest('option-topP')).setValue('0,9');
    await page.get(byTest('option-stop')).setValue('END\n\n###');
    await page.get('form').trigger('submit');
    await flushPromises();
    expect(server.seen.findLast(({ method }) => method === 'POST')?.body).toMatchObject({
      options: { num_predict: 200, top_p: 0.9, stop: ['END', '###'] },
      labels: { kind: 'prompt' },
    });
  });

  it('asks for one HTML document where an app is wanted', async () => {
    const page = await mountAt('/generate');
    await page.get(byTest('kind-app')).setValue(true);
    await page.get(byTest('prompt-input')).setValue('A timer');
    await page.get(byTest('option-system')).setValue('In blue.');
    await page.get('form').trigger('submit');
    await flushPromises();
    const body = server.seen.findLast(({ method }) => method === 'POST')?.body as {
      system: string;
      labels: object;
    };
    expect(body.labels).toEqual({ kind: 'app' });
    expect(body.system).toContain('<!doctype html>');
    expect(body.system.endsWith('In blue.')).toBe(true);
  });

  it('offers thinking only where the model can', async () => {
    server.on('GET /api/v1/models', {
      body: models({
        models: [
          { name: 'qwen3:8b', capabilities: ['completion', 'thinking'] },
          { name: 'plain:1b', capabilities: ['completion'] },
        ],
      }),
    });
    const page = await mountAt('/generate');
    await page.get(byTest('think-select')).setValue('off');
    await page.get(byTest('model-select')).setValue('plain:1b');
    expect(page.find(byTest('think-select')).exists()).toBe(false);
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get('form').trigger('submit');
    await flushPromises();
    expect(server.seen.findLast(({ method }) => method === 'POST')?.body).not.toHaveProperty(
      'think',
    );
  });

  it('tells before the submit when it would start and how long it takes', async () => {
    server.on('GET /api/v1/estimate', {
      body: {
        model: 'qwen3:8b',
        basis: 'BASIS_MODEL',
        tokens: 412,
        tokens_low: 118,
        tokens_high: 903,
        duration_ms: 40_000,
        duration_low_ms: 36_000,
        duration_high_ms: 44_000,
        expected_wait_ms: 118_000,
        waiting: 3,
        load_ms: 4200,
      },
    });
    const page = await mountAt('/generate');
    await vi.waitFor(() => {
      expect(page.find(byTest('estimate')).exists()).toBe(true);
    });
    const words = page.get(byTest('estimate')).text();
    for (const said of [
      'Starts in about 2 min, behind 3 jobs',
      'takes about 40 s',
      '120 to 900 tokens',
      'the model is loaded first (about 5 s)',
    ]) {
      expect(words).toContain(said);
    }
  });

  it('asks for no more than it needs while one types', async () => {
    vi.useFakeTimers();
    server.on('GET /api/v1/estimate', { body: { expected_wait_ms: 0 } });
    const page = await mountAt('/generate');
    await vi.advanceTimersByTimeAsync(1000);
    const before = server.count('GET /api/v1/estimate');
    for (const text of ['a'.repeat(100), 'a'.repeat(200), 'a'.repeat(300)]) {
      await page.get(byTest('prompt-input')).setValue(text);
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.count('GET /api/v1/estimate')).toBe(before + 1);
    expect(server.seen.at(-1)?.path).toContain('prompt_bytes=320');
  });

  it('keeps the id of a submit over a reload, so that it makes no second job', async () => {
    server.on('POST /api/v1/ai/generate', 'unreachable');
    const page = await mountAt('/generate');
    await page.get(byTest('prompt-input')).setValue('Hi');
    await page.get('form').trigger('submit');
    await flushPromises();
    page.unmount();
    const again = await mountAt('/generate');
    await again.get('form').trigger('submit');
    await flushPromises();
    const [first, second] = server.seen.filter(({ method }) => method === 'POST');
    expect(second?.body).toEqual(first?.body);
  });

  it('shows an app that was submitted here in its frame when it is done', async () => {
    const job = restJob({ spec: { prompt: 'A timer', labels: { kind: 'app' } } });
    server.on('GET /api/v1/jobs/job_1', { body: { job } });
    const page = await mountAt('/generate?job=job_1');
    const stream = FakeEventSource.last.accept();
    stream.send('progress', generating());
    stream.text(0, '<!doctype html><title>Timer</title>');
    await flushPromises();
    expect(page.find(byTest('result-app')).exists()).toBe(false);
    stream.send('complete', complete());
    await flushPromises();
    expect(page.find('iframe').exists()).toBe(false);
    await page.get(byTest('app-start')).trigger('click');
    expect(page.get('iframe').attributes('sandbox')).toBe('allow-scripts');
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
