import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAt } from '../support/mount';
import { restJob } from '../support/wire';

let server: FakeServer;

const job = (n: number, state: string, fields = {}): Record<string, unknown> =>
  restJob({
    job_id: `job_${n}`,
    state: `STATE_${state}`,
    create_time: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
    ...fields,
  });

const list = (jobs: unknown[], token = ''): { body: unknown } => ({
  body: { jobs, next_page_token: token },
});

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
});

describe('the page Jobs', () => {
  it('seed defect 30: lists what runs, what failed and what is done', async () => {
    server.on(
      'GET /api/v1/jobs',
      list([job(3, 'PROCESSING'), job(2, 'FAILED'), job(1, 'COMPLETED'), job(0, 'ON_ICE')]),
    );
    const page = await mountAt('/jobs');
    const rows = page.findAll(byTest('jobs-row')).map((row) => row.text());
    expect(rows).toHaveLength(4);
    expect(rows[0]).toContain('Running, 45 %');
    expect(rows[0]).toContain('qwen3:8b');
    expect(rows[0]).toContain('about 200 tokens');
    expect(rows[1]).toContain('Failed');
    expect(rows[2]).toContain('Completed');
    expect(rows[3]).toContain('On ice');
    expect(page.get('a').attributes('href')).toBe('/jobs/job_3');
  });

  it('says that there is nothing yet', async () => {
    server.on('GET /api/v1/jobs', list([]));
    const page = await mountAt('/jobs');
    expect(page.text()).toContain('Nothing here yet');
  });

  it('looks again while something runs, also below the first page', async () => {
    server.on('GET /api/v1/jobs', list([job(2, 'PROCESSING'), job(1, 'QUEUED')]));
    const page = await mountAt('/jobs');
    server.on('GET /api/v1/jobs', list([job(3, 'QUEUED'), job(2, 'COMPLETED')]));
    server.on('GET /api/v1/jobs/job_1', { body: { job: job(1, 'FAILED') } });
    await vi.advanceTimersByTimeAsync(2_100);
    const rows = page.findAll(byTest('jobs-row')).map((row) => row.attributes('data-state'));
    expect(rows).toEqual(['queued', 'completed', 'failed']);
  });

  it('looks less often when nothing runs', async () => {
    server.on('GET /api/v1/jobs', list([job(1, 'COMPLETED')]));
    await mountAt('/jobs');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(server.count('GET /api/v1/jobs')).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.count('GET /api/v1/jobs')).toBe(2);
  });

  it('stops looking when one leaves', async () => {
    server.on('GET /api/v1/jobs', list([job(1, 'QUEUED')]));
    const page = await mountAt('/jobs');
    page.unmount();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.count('GET /api/v1/jobs')).toBe(1);
  });

  it('loads more, and keeps it when it looks again', async () => {
    server.on('GET /api/v1/jobs', ({ path }) =>
      path.includes('page_token=next')
        ? list([job(1, 'COMPLETED')])
        : list([job(3, 'PROCESSING'), job(2, 'COMPLETED')], 'next'),
    );
    const page = await mountAt('/jobs');
    await page.get(byTest('load-more')).trigger('click');
    await flushPromises();
    await vi.advanceTimersByTimeAsync(2_100);
    expect(page.findAll(byTest('jobs-row'))).toHaveLength(3);
    expect(page.find(byTest('load-more')).exists()).toBe(false);
  });

  it('says that the list cannot be read, and reads it on demand', async () => {
    server.on('GET /api/v1/jobs', {
      status: 503,
      body: {
        code: 14,
        message: 'The ledger does not answer.',
        details: [{ reason: 'LEDGER_UNAVAILABLE' }],
      },
    });
    const page = await mountAt('/jobs');
    expect(page.get('[role="alert"]').text()).toContain('The ledger does not answer.');
    server.on('GET /api/v1/jobs', list([job(1, 'COMPLETED')]));
    await page.get('[role="alert"] button').trigger('click');
    await flushPromises();
    expect(page.find('[role="alert"]').exists()).toBe(false);
    expect(page.findAll(byTest('jobs-row'))).toHaveLength(1);
  });

  it('keeps what it showed while the server is away, and says that it is old', async () => {
    server.on('GET /api/v1/jobs', list([job(1, 'PROCESSING')]));
    const page = await mountAt('/jobs');
    server.on('GET /api/v1/jobs', 'unreachable');
    await vi.advanceTimersByTimeAsync(2_100);
    expect(page.get('[role="alert"]').text()).toContain('The list is not fresh.');
    expect(page.findAll(byTest('jobs-row'))).toHaveLength(1);
    expect(page.find('.stale').exists()).toBe(true);
  });
});
