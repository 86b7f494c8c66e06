import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
// Compiled before the first test begins, however busy the machine is.
import '../../src/pages/GeneratePage.vue';
import '../../src/pages/JobPage.vue';
import '../../src/pages/JobsPage.vue';
import { FakeEventSource } from '../support/fake_event_source';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAt } from '../support/mount';
import { complete, failed, generating, models, queued, restJob } from '../support/wire';

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer()
    .on('GET /api/v1/jobs/job_1', { body: { job: restJob() } })
    .on('GET /api/v1/models', { body: models() });
});

describe('the page of a job', () => {
  it('seed defect 34: has one connection, through which numbers and text come', async () => {
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('progress', generating());
    FakeEventSource.last.text(0, 'thinking of it', 'thinking');
    FakeEventSource.last.text(0, 'Because of the air.');
    await flushPromises();
    expect(FakeEventSource.all.map((source) => source.url)).toEqual([
      '/api/v1/ai/generation/progress?job_id=job_1&text=true',
    ]);
    expect(page.get(byTest('job-text')).text()).toBe('Because of the air.');
    page.unmount();
    expect(FakeEventSource.open).toHaveLength(0);
  });

  it('seed defect 33: a queued job streams its text on the page that was open already', async () => {
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('progress', queued({ queue_position: 1, queue_size: 1 }));
    await flushPromises();
    expect(page.get(byTest('job-state')).text()).toBe('Queued');
    FakeEventSource.last.send('progress', generating());
    FakeEventSource.last.text(0, 'Now it comes');
    await flushPromises();
    expect(page.get(byTest('job-text')).text()).toBe('Now it comes');
  });

  it('seed defect 36: shows the prompt that the API gives', async () => {
    const page = await mountAt('/jobs/job_1');
    expect(page.get('h1').text()).toBe('Why is the sky blue?');
    expect(page.get(byTest('job-prompt')).text()).toBe('Why is the sky blue?');
  });

  it('has the exact numbers at the end, also for who comes late', async () => {
    server.on('GET /api/v1/jobs/job_1', {
      body: {
        job: restJob({
          state: 'STATE_COMPLETED',
          version: 3,
          numbers: {
            percent: 100,
            current_tokens: 230,
            tokens_estimated: false,
            tokens_per_second: 14.4,
            elapsed_ms: 36000,
            prompt_tokens: 45,
            completion_tokens: 230,
            total_tokens: 275,
          },
        }),
      },
    });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().text(0, 'All of it.');
    FakeEventSource.last.send('complete', {
      status: 'completed',
      total_tokens: 275,
      elapsed_time: 36000,
      state: 'completed',
      version: 3,
      sequence: 0,
    });
    await flushPromises();
    for (const number of ['45', '230', '275', '36.0 s', '14.4']) {
      expect(page.get(byTest('job-card')).text()).toContain(number);
    }
    expect(page.get(byTest('job-text')).text()).toBe('All of it.');
  });

  it('shows the percent in the title, and the state when it is over', async () => {
    await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('progress', generating());
    await flushPromises();
    expect(document.title).toBe('45 % · Why is the sky blue? · Genwatch');
    FakeEventSource.last.send('complete', complete());
    await flushPromises();
    expect(document.title).toBe('Completed · Why is the sky blue? · Genwatch');
  });

  it('says that there is no such job', async () => {
    server.on('GET /api/v1/jobs/job_1', { status: 404, body: { code: 5, message: 'gone' } });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('error', { error: 'Job not found' });
    await flushPromises();
    expect(page.get('h1').text()).toBe('No such job');
    expect(FakeEventSource.open).toHaveLength(0);
    expect(document.title).toBe('No such job · Genwatch');
  });

  it('offers the prompt of a failed job for another try', async () => {
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('error', failed());
    await flushPromises();
    await page.get(`${byTest('job-outcome')} button`).trigger('click');
    await flushPromises();
    await vi.dynamicImportSettled();
    await flushPromises();
    expect(page.get<HTMLTextAreaElement>(byTest('prompt-input')).element.value).toBe(
      'Why is the sky blue?',
    );
  });

  it('retries a failed job, and goes to the new one', async () => {
    server.on('POST /api/v1/jobs/job_1:retry', {
      body: { job: restJob({ job_id: 'job_2', state: 'STATE_QUEUED', version: 1 }) },
    });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept();
    expect(page.find(byTest('job-retry')).exists()).toBe(false);
    FakeEventSource.last.send('error', failed());
    await flushPromises();
    await page.get(byTest('job-retry')).trigger('click');
    await flushPromises();
    expect(page.vm.$router.currentRoute.value.path).toBe('/jobs/job_2');
  });

  it('leads to the job that it retries, and to the one that retries it', async () => {
    server.on('GET /api/v1/jobs/job_1', {
      body: { job: restJob({ retry_of: 'job_0', retried_as: 'job_2' }) },
    });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept();
    await flushPromises();
    const links = page.findAll('dl a').map((link) => link.attributes('href'));
    expect(links).toEqual(['/jobs/job_0', '/jobs/job_2']);
  });

  it('says why a job could not be retried', async () => {
    server.on('POST /api/v1/jobs/job_1:retry', {
      status: 404,
      body: { success: false, error: 'model is not on any model server', code: 'MODEL_NOT_FOUND' },
    });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('error', failed());
    await flushPromises();
    await page.get(byTest('job-retry')).trigger('click');
    await flushPromises();
    expect(page.text()).toContain('The job was not retried. Model is not on any model server.');
    expect(page.vm.$router.currentRoute.value.path).toBe('/jobs/job_1');
  });

  it('deletes a completed job after a question only', async () => {
    server
      .on('DELETE /api/v1/jobs/job_1', { body: {} })
      .on('GET /api/v1/jobs', { body: { jobs: [], next_page_token: '' } });
    const page = await mountAt('/jobs/job_1');
    FakeEventSource.last.accept().send('complete', complete());
    await flushPromises();
    expect(page.find(byTest('job-retry')).exists()).toBe(false);
    await page.get(byTest('job-delete')).trigger('click');
    expect(page.get<HTMLDialogElement>(byTest('confirm')).element.open).toBe(true);
    await page.get(byTest('confirm-no')).trigger('click');
    expect(server.count('DELETE /api/v1/jobs/job_1')).toBe(0);
    await page.get(byTest('job-delete')).trigger('click');
    await page.get(`${byTest('confirm')} form`).trigger('submit');
    await flushPromises();
    expect(server.count('DELETE /api/v1/jobs/job_1')).toBe(1);
    await vi.dynamicImportSettled();
    await flushPromises();
    expect(page.vm.$router.currentRoute.value.path).toBe('/jobs');
  });
});
