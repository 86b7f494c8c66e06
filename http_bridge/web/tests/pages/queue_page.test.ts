import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
// Compiled before the first test begins, however busy the machine is.
import '../../src/i18n/messages_ar';
import '../../src/i18n/messages_de';
import '../../src/pages/QueuePage.vue';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAt } from '../support/mount';
import { models, restJob } from '../support/wire';

let server: FakeServer;

type Fields = Record<string, unknown>;

const entry = (fields: Fields): Fields => ({
  job_id: '',
  state: 'STATE_QUEUED',
  queue_position: 1,
  priority: 'PRIORITY_UNSPECIFIED',
  expected_wait_ms: null,
  create_time: '2026-01-02T03:04:05Z',
  percent: 0,
  mine: false,
  ...fields,
});

const mine = (jobId: string, fields: Fields): Fields =>
  entry({ job_id: jobId, mine: true, priority: 'PRIORITY_NORMAL', ...fields });

const queue = (entries: Fields[], fields: Fields = {}): Fields => ({
  model: 'qwen3:8b',
  held: false,
  waiting: entries.filter((each) => each['state'] === 'STATE_QUEUED').length,
  running: entries.filter((each) => each['state'] === 'STATE_PROCESSING').length,
  retrying: 0,
  expected_wait_ms: 120000,
  entries,
  hold_note: '',
  hold_time: null,
  ...fields,
});

function serve(queues: Fields[], operator = false): void {
  server.on('GET /api/v1/queue', { body: { queues, caller_is_operator: operator } });
}

const running = mine('job_1', { state: 'STATE_PROCESSING', queue_position: 0, percent: 41.8 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  server = new FakeServer().on('GET /api/v1/models', { body: models() }).on('GET /api/v1/jobs', {
    body: {
      jobs: [
        restJob({ job_id: 'job_1' }),
        restJob({ job_id: 'job_2', spec: { prompt: 'A poem\nabout rain' } }),
      ],
      next_page_token: '',
    },
  });
});

describe('the page Queue', () => {
  it('shows of each model what runs and what waits, and how long', async () => {
    serve([
      queue([
        running,
        entry({ queue_position: 1, expected_wait_ms: 20000 }),
        mine('job_2', { queue_position: 2, expected_wait_ms: 61000 }),
      ]),
    ]);
    const page = await mountAt('/queue');
    const panel = page.get(byTest('queue'));
    expect(panel.get('h2').text()).toBe('qwen3:8b');
    expect(panel.text()).toContain('1 runs');
    expect(panel.text()).toContain('2 wait');
    expect(panel.text()).toContain('a new one begins in about 2 min');
    const rows = page.findAll(byTest('queue-entry'));
    expect(rows[0]?.text()).toContain('Why is the sky blue?');
    expect(rows[0]?.text()).toContain('41 %');
    expect(rows[0]?.get('a').attributes('href')).toBe('/jobs/job_1');
    expect(rows[1]?.text()).toContain('about 20 s');
    expect(rows[2]?.text()).toContain('A poem');
    expect(rows[2]?.text()).not.toContain('about rain');
  });

  it('tells nothing of other people’s jobs but where they stand', async () => {
    const others = [1, 2, 3, 4, 5].map((place) => entry({ queue_position: place }));
    serve([queue([...others, mine('job_2', { queue_position: 6 })])]);
    const page = await mountAt('/queue');
    expect(page.findAll(byTest('queue-entry'))).toHaveLength(1);
    expect(page.text()).toContain('1 to 5');
    expect(page.text()).toContain('5 jobs of others');
    expect(page.findAll('a').map((link) => link.attributes('href'))).toEqual(['/jobs/job_2']);
  });

  it('says how many wait behind those that are listed', async () => {
    serve([queue([mine('job_2', { queue_position: 1 })], { waiting: 12 })]);
    expect((await mountAt('/queue')).text()).toContain('and 11 more');
  });

  it('offers holding to operators only', async () => {
    serve([queue([running])]);
    const page = await mountAt('/queue');
    expect(page.find(byTest('queue-hold')).exists()).toBe(false);
    page.unmount();
    serve([queue([running])], true);
    expect((await mountAt('/queue')).find(byTest('queue-hold')).exists()).toBe(true);
  });

  it('holds a model with a note, and shows why it is held', async () => {
    serve([queue([running])], true);
    server.on('POST /api/v1/models/qwen3%3A8b:hold', { body: {} });
    const page = await mountAt('/queue');
    await page.get(byTest('queue-hold')).trigger('click');
    await flushPromises();
    await page.get(byTest('hold-note')).setValue(' The machine gets a new disk. ');
    serve([queue([running], { held: true, hold_note: 'The machine gets a new disk.' })], true);
    await page.get(`${byTest('confirm')}[open] form`).trigger('submit');
    await flushPromises();
    const sent = server.seen.find(({ method }) => method === 'POST');
    expect(sent?.body).toEqual({ note: 'The machine gets a new disk.' });
    expect(page.get(byTest('queue-held')).text()).toContain('The machine gets a new disk.');
    expect(page.get('[role="status"]').text()).toBe('qwen3:8b is held.');
    expect(page.find(byTest('queue-release')).exists()).toBe(true);
  });

  it('says in the dialog why a model was not held', async () => {
    serve([queue([running])], true);
    server.on('POST /api/v1/models/qwen3%3A8b:hold', {
      status: 403,
      body: { code: 7, message: 'no', details: [{ reason: 'NOT_AN_OPERATOR' }] },
    });
    const page = await mountAt('/queue');
    await page.get(byTest('queue-hold')).trigger('click');
    await flushPromises();
    await page.get(`${byTest('confirm')}[open] form`).trigger('submit');
    await flushPromises();
    const dialog = page.get(`${byTest('confirm')}[open]`);
    expect(dialog.text()).toContain('You are not allowed to do this.');
    expect(dialog.text()).toContain('NOT_AN_OPERATOR');
  });

  it('changes the priority of a job that waits', async () => {
    serve([queue([mine('job_2', { queue_position: 3 })])]);
    server.on('PATCH /api/v1/jobs/job_2', { body: { job: restJob({ job_id: 'job_2' }) } });
    const page = await mountAt('/queue');
    serve([queue([mine('job_2', { queue_position: 1, priority: 'PRIORITY_HIGH' })])]);
    await page.get(byTest('priority-choice')).setValue('high');
    await flushPromises();
    expect(server.seen.find(({ method }) => method === 'PATCH')?.body).toEqual({
      priority: 'PRIORITY_HIGH',
    });
    expect(page.get<HTMLSelectElement>(byTest('priority-choice')).element.value).toBe('high');
  });

  it('cancels a job after a question', async () => {
    serve([queue([running])]);
    server.on('POST /api/v1/jobs/job_1:cancel', { body: { job: restJob() } });
    const page = await mountAt('/queue');
    await page.get(byTest('queue-cancel')).trigger('click');
    expect(server.count('POST /api/v1/jobs/job_1:cancel')).toBe(0);
    serve([]);
    await page.get(`${byTest('confirm')}[open] form`).trigger('submit');
    await flushPromises();
    expect(server.count('POST /api/v1/jobs/job_1:cancel')).toBe(1);
    expect(page.find(byTest('queue-empty')).exists()).toBe(true);
  });

  it('says that there is nothing to wait for', async () => {
    serve([]);
    expect((await mountAt('/queue')).text()).toContain('Nothing runs, and nothing waits');
  });

  it('looks again, later after each failure, and keeps what it showed as old', async () => {
    serve([queue([running])]);
    const page = await mountAt('/queue');
    server.on('GET /api/v1/queue', 'unreachable');
    await vi.advanceTimersByTimeAsync(2000);
    expect(page.get('[role="alert"]').text()).toContain('The queue is not fresh.');
    expect(page.find('.stale').exists()).toBe(true);
    expect(page.findAll(byTest('queue-entry'))).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3900);
    expect(server.count('GET /api/v1/queue')).toBe(2);
    serve([queue([running])]);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.count('GET /api/v1/queue')).toBe(3);
    expect(page.find('[role="alert"]').exists()).toBe(false);
  });

  it('says that it cannot be read', async () => {
    server.on('GET /api/v1/queue', { status: 503, body: { code: 14, message: 'away' } });
    const page = await mountAt('/queue');
    expect(page.get('[role="alert"]').text()).toContain('The queue cannot be read.');
  });

  it('does not look while nobody does, and at once when somebody does again', async () => {
    serve([queue([running])]);
    await mountAt('/queue');
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    const before = server.count('GET /api/v1/queue');
    expect(before).toBeLessThanOrEqual(2);
    visibility.mockReturnValue('visible');
    document.dispatchEvent(new Event('visibilitychange'));
    await flushPromises();
    expect(server.count('GET /api/v1/queue')).toBe(before + 1);
  });

  it('speaks German and Arabic', async () => {
    serve([queue([running, entry({ queue_position: 1 })])]);
    const german = await mountAt('/queue', 'de');
    expect(german.text()).toContain('1 wartet');
    german.unmount();
    const arabic = await mountAt('/queue', 'ar');
    expect(arabic.text()).toContain('الطابور');
  });
});
