// What is drawn of an answer passes a sanitiser, which needs a document that is true to the standard.
// @vitest-environment jsdom
import type { VueWrapper } from '@vue/test-utils';
import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeEventSource } from '../support/fake_event_source';
import { FakeServer } from '../support/fake_server';
import { hostileTexts, liveNodes } from '../support/hostile_texts';
import { FakeIntersectionObserver } from '../support/intersections';
import { byTest, mountAt } from '../support/mount';
import { complete, generating, queued, restJob } from '../support/wire';

type Fields = Record<string, unknown>;

let server: FakeServer;
let next = 0;

/** A post; ids are new in each test, because results are kept for the life of the page. */
function post(fields: Fields = {}, labels: Fields = { kind: 'prompt' }): Fields {
  next += 1;
  return restJob({
    job_id: `job_wall_${next}`,
    create_time: new Date(Date.UTC(2026, 0, 1, 0, 0, next)).toISOString(),
    spec: { prompt: `Prompt ${next}`, model: 'qwen3:8b', labels },
    ...fields,
  });
}

const finished = (fields: Fields = {}, labels?: Fields): Fields =>
  post(
    {
      state: 'STATE_COMPLETED',
      version: 3,
      end_time: '2026-01-01T00:10:00Z',
      numbers: {
        percent: 100,
        completion_tokens: 512,
        tokens_per_second: 14.36,
        elapsed_ms: 36_820,
      },
      ...fields,
    },
    labels,
  );

function list(jobs: readonly Fields[], token = ''): void {
  server.on('GET /api/v1/jobs', { body: { jobs, next_page_token: token } });
  for (const job of jobs) server.on(`GET /api/v1/jobs/${String(job['job_id'])}`, { body: { job } });
}

function output(job: Fields, text: string): void {
  const text_length = new TextEncoder().encode(text).length;
  server.on(`GET /api/v1/jobs/${String(job['job_id'])}/output`, {
    body: { channel: 'CHANNEL_ANSWER', offset: 0, text, text_length, complete: true },
  });
}

async function wall(path = '/'): Promise<VueWrapper> {
  const page = await mountAt(path);
  await settled();
  return page;
}

/** Also the renderer, which is loaded when the first answer is drawn. */
async function settled(): Promise<void> {
  await flushPromises();
  await vi.dynamicImportSettled();
  await flushPromises();
}

beforeEach(() => {
  FakeIntersectionObserver.install();
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    },
  );
  server = new FakeServer().on('GET /api/v1/jobs', { body: { jobs: [], next_page_token: '' } });
});

describe('the wall', () => {
  it('shows finished posts as their results, with time, tokens and speed, newest first', async () => {
    const [older, newer] = [finished(), finished()];
    list([newer, older]);
    output(newer, 'It is **blue**.');
    output(older, 'It is red.');
    const page = await wall();
    const posts = page.findAll(byTest('wall-post'));
    expect(posts.map((element) => element.attributes('data-job-id'))).toEqual([
      newer['job_id'],
      older['job_id'],
    ]);
    expect(
      posts[0]!.get(byTest('result-markdown')).element.querySelector('strong')?.textContent,
    ).toBe('blue');
    const facts = posts[0]!.get(byTest('post-facts')).text();
    for (const fact of ['qwen3:8b', '512 tokens', '14.4 tok/s', '36.8 s']) {
      expect(facts).toContain(fact);
    }
    expect(FakeEventSource.all).toHaveLength(0);
  });

  it('asks for posts only, and shows none that a program made', async () => {
    const [mine, unlabelled, other] = [post(), post({}, {}), post({}, { kind: 'title' })];
    list([other, unlabelled, mine]);
    const page = await wall();
    expect(server.seen.find(({ path }) => path.startsWith('/api/v1/jobs?'))?.path).toContain(
      'label_keys=kind',
    );
    expect(page.findAll(byTest('wall-post'))).toHaveLength(1);
    await page.get(byTest('wall-kind')).setValue('all');
    await settled();
    expect(page.findAll(byTest('wall-post'))).toHaveLength(3);
  });

  it('streams the text of a post that was just submitted, and turns it into its result by itself (defect 33)', async () => {
    const job = post({ state: 'STATE_QUEUED', version: 1, attempt: 0 });
    list([job]);
    const page = await wall();
    expect(page.get(byTest('wall-post')).attributes('data-state')).toBe('queued');
    const job_id = job['job_id'];
    const stream = FakeEventSource.last.accept();
    stream.send('progress', queued({ job_id }));
    await flushPromises();
    expect(page.find(byTest('job-text')).exists()).toBe(false);

    stream.send('progress', generating({ job_id }));
    stream.text(0, 'It is **bl');
    await flushPromises();
    expect(page.get(byTest('job-text')).text()).toBe('It is **bl');

    const done = finished({ job_id, create_time: job['create_time'] });
    server.on(`GET /api/v1/jobs/${String(job_id)}`, { body: { job: done } });
    output(done, 'It is **blue**.');
    stream.text(10, 'ue**.');
    stream.send('complete', complete({ job_id }));
    await settled();
    expect(page.get(byTest('wall-post')).attributes('data-state')).toBe('completed');
    expect(page.find(byTest('job-card')).exists()).toBe(false);
    expect(page.get(byTest('result-markdown')).element.querySelector('strong')?.textContent).toBe(
      'blue',
    );
  });

  it('runs no markup of a prompt or an answer (defect 35)', async () => {
    const jobs = hostileTexts.map(({ text }) =>
      finished({ spec: { prompt: text, labels: { kind: 'prompt' } } }),
    );
    list(jobs);
    jobs.forEach((job, index) => {
      output(job, hostileTexts[index]!.text);
    });
    const page = await wall();
    for (const [index, { name, text }] of hostileTexts.entries()) {
      const shown = page.get(`[data-job-id="${String(jobs[index]!['job_id'])}"]`);
      expect(liveNodes(shown.get('.prose').element), name).toEqual([]);
      expect(shown.get(byTest('post-link')).element.children, name).toHaveLength(0);
      await shown.get(byTest('result-toggle')).trigger('click');
      const plain = shown.get(byTest('result-text')).element;
      expect(plain.textContent, name).toBe(text);
      expect(plain.querySelectorAll(':not(.block)'), name).toHaveLength(0);
    }
    expect('__pwned' in window).toBe(false);
  }, 30_000);

  it('shows an app only after a click, and only in a frame that is sealed off', async () => {
    const job = finished({}, { kind: 'app' });
    list([job]);
    output(job, 'Here it is:\n```html\n<!doctype html><title>x</title>\n```\nHave fun');
    const page = await wall();
    expect(page.find('iframe').exists()).toBe(false);
    await page.get(byTest('app-start')).trigger('click');
    const frame = page.get('iframe');
    expect(frame.attributes('sandbox')).toBe('allow-scripts');
    expect(frame.attributes('srcdoc')).toBeUndefined();
    expect(frame.attributes('src')).toBe('/app_frame.html');
    await page.get(byTest('app-stop')).trigger('click');
    expect(page.find('iframe').exists()).toBe(false);
  });

  it('shows the text of an app that is none', async () => {
    const job = finished({}, { kind: 'app' });
    list([job]);
    output(job, 'I cannot write apps.');
    const page = await wall();
    expect(page.find(byTest('app-start')).exists()).toBe(false);
    expect(page.get(byTest('result')).text()).toContain('holds no HTML document');
  });

  it('loads and draws only what is near the reader', async () => {
    const jobs = Array.from({ length: 40 }, () => finished()).reverse();
    list(jobs);
    for (const job of jobs) output(job, 'text');
    const seen = new Set(jobs.slice(0, 3).map((job) => job['job_id']));
    FakeIntersectionObserver.inSight = (element) =>
      seen.has(element.getAttribute('data-job-id') ?? '');
    const page = await wall();
    expect(page.findAll(byTest('wall-post'))).toHaveLength(40);
    expect(page.findAll(byTest('result'))).toHaveLength(3);
    const outputs = server.seen.filter(({ path }) => path.includes('/output'));
    expect(outputs).toHaveLength(3);
    FakeIntersectionObserver.inSight = () => false;
    FakeIntersectionObserver.scroll();
    await settled();
    expect(page.findAll(byTest('result'))).toHaveLength(0);
  });

  it('loads the next page before the reader is at the end', async () => {
    const [first, second] = [finished(), finished()];
    list([second], 't2');
    output(first, 'one');
    output(second, 'two');
    server.on('GET /api/v1/jobs', ({ path }) =>
      path.includes('page_token=t2')
        ? { body: { jobs: [first], next_page_token: '' } }
        : { body: { jobs: [second], next_page_token: 't2' } },
    );
    const page = await wall();
    expect(page.findAll(byTest('wall-post'))).toHaveLength(2);
    expect(page.find(byTest('load-more')).exists()).toBe(false);
  });

  it('filters by kind and state, and keeps that in the address', async () => {
    const page = await wall();
    await page.get(byTest('wall-kind')).setValue('app');
    await settled();
    await page.get(byTest('wall-state')).setValue('completed');
    await settled();
    expect(page.vm.$router.currentRoute.value.fullPath).toBe('/?kind=app&state=completed');
    const last = new URLSearchParams(server.seen.at(-1)?.path.split('?')[1]);
    expect(last.get('labels[kind]')).toBe('app');
    expect(last.getAll('states')).toEqual(['STATE_COMPLETED']);
    expect(page.get(byTest('wall-empty')).text()).toContain('No post fits');
  });

  it('says where posts come from while there are none', async () => {
    const page = await wall();
    expect(page.get(byTest('wall-empty')).text()).toContain('Nothing here yet');
    expect(page.get(`${byTest('wall-empty')} a`).attributes('href')).toBe('/generate');
  });

  it('takes in posts that were submitted elsewhere, and lets go of deleted ones', async () => {
    vi.useFakeTimers();
    const jobs = [finished(), finished(), finished()].reverse();
    for (const job of jobs) output(job, 'text');
    list(jobs);
    const page = await wall();
    const newer = finished();
    output(newer, 'new');
    list([newer, jobs[0]!, jobs[2]!]);
    await vi.advanceTimersByTimeAsync(6000);
    await settled();
    expect(page.findAll(byTest('wall-post')).map((e) => e.attributes('data-job-id'))).toEqual([
      newer['job_id'],
      jobs[0]!['job_id'],
      jobs[2]!['job_id'],
    ]);
  });

  it('misses none of many posts that came at once', async () => {
    vi.useFakeTimers();
    const page = await wall();
    const jobs = Array.from({ length: 45 }, () => post({ state: 'STATE_QUEUED' })).reverse();
    FakeIntersectionObserver.inSight = () => false;
    server.on('GET /api/v1/jobs', ({ path }) => {
      const from = Number(new URL(path, 'http://page').searchParams.get('page_token') ?? 0);
      const next_page_token = from + 20 < jobs.length ? String(from + 20) : '';
      return { body: { jobs: jobs.slice(from, from + 20), next_page_token } };
    });
    await vi.advanceTimersByTimeAsync(6000);
    await settled();
    expect(page.findAll(byTest('wall-post')).map((e) => e.attributes('data-job-id'))).toEqual(
      jobs.map((job) => job['job_id']),
    );
  });

  it('keeps what it shows while the server is away, and says so', async () => {
    vi.useFakeTimers();
    const job = finished();
    output(job, 'text');
    list([job]);
    const page = await wall();
    server.on('GET /api/v1/jobs', 'unreachable');
    await vi.advanceTimersByTimeAsync(6000);
    expect(page.findAll(byTest('wall-post'))).toHaveLength(1);
    expect(page.get('[role="alert"]').text()).toContain('The wall is not fresh.');
    list([job]);
    await page.get('[role="alert"] button').trigger('click');
    await settled();
    expect(page.find('[role="alert"]').exists()).toBe(false);
  });

  it('shows the beginning of a very long answer, and says so', async () => {
    const job = finished();
    list([job]);
    server.on(`GET /api/v1/jobs/${String(job['job_id'])}/output`, {
      body: { offset: 0, text: 'word '.repeat(50_000), text_length: 2_000_000 },
    });
    const page = await wall();
    expect(page.get(byTest('result-markdown')).text().length).toBeLessThan(50_000);
    expect(page.get(byTest('result-cut')).text()).toContain('This is the beginning');
  });

  it('reads the page in each language', async () => {
    const german = await mountAt('/', 'de');
    await settled();
    expect(german.get('h1').text()).toBe('Wand');
    german.unmount();
    const arabic = await mountAt('/', 'ar');
    await settled();
    expect(arabic.get('h1').text()).toBe('الحائط');
    expect(document.documentElement.dir).toBe('rtl');
  });
});
