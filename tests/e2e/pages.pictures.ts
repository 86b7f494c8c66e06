import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { Cable } from './support/cable.ts';
import { endAllJobs, order, orderModel, submitJob } from './support/jobs.ts';
import { openJob, statusOf } from './support/page.ts';
import { root, runningStack } from './support/stack.ts';
import { cardOf } from './support/views.ts';

const FOLDER = join(root, 'docs/pictures');
const WIDTHS = { 1280: 860, 390: 844 };
const THEMES = ['light', 'dark'] as const;
/** For pages that have no sign of their own that they are whole. */
const SETTLE_MS = 1000;

test.describe.configure({ mode: 'default', timeout: 300_000 });
test.beforeAll(() => mkdirSync(FOLDER, { recursive: true }));
test.afterEach(() => endAllJobs());

/** One picture for each theme and width: PAGE-STATE-THEME-WIDTH.webp. */
async function picture(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  for (const [width, height] of Object.entries(WIDTHS)) {
    for (const theme of THEMES) {
      await page.setViewportSize({ width: Number(width), height });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            requestAnimationFrame(() => requestAnimationFrame(resolve));
          }),
      );
      const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 88 });
      writeFileSync(join(FOLDER, `${name}-${theme}-${width}.webp`), Buffer.from(data, 'base64'));
    }
  }
  await session.detach();
}

interface Wanted {
  model: string;
  prompt: string;
  kind?: 'prompt' | 'app';
  deadlines?: { waiting_ms?: number };
}

function submit({ kind, ...job }: Wanted): Promise<string> {
  return submitJob({ ...job, labels: { kind: kind ?? 'prompt' } });
}

async function reach(jobId: string, state: string): Promise<void> {
  await expect
    .poll(async () => (await statusOf(jobId)).state, { timeout: 90_000 })
    .toBe(state);
}

/** The job's page in that condition. */
async function showJob(page: Page, jobId: string, condition: string): Promise<void> {
  await openJob(page, jobId);
  await expect(cardOf(page, jobId)).toHaveAttribute('data-condition', condition, {
    timeout: 60_000,
  });
}

async function showPage(page: Page, path: string): Promise<void> {
  await page.goto(runningStack().baseUrl + path);
  await expect(page.locator('main h1').first()).toBeVisible();
  await page.waitForTimeout(SETTLE_MS);
}

// The orders to the simulator come last, where a title is cut.
const STORY = 'A short story about a lighthouse keeper who waits for a ship that is late by a year, please.';
const LONG = '[[sim: rate=25 tokens=900]]';

test('what waits', async ({ page }) => {
  await submit({ model: 'sim-slow:70b', prompt: `${STORY} ${LONG}` });
  const waiting: string[] = [];
  for (let place = 1; place <= 8; place += 1) {
    const prompt = `Chapter ${place} of the story, in rhymes.`;
    waiting.push(await submit({ model: 'sim-slow:70b', prompt }));
  }
  await showJob(page, waiting[2], 'queued');
  await expect(cardOf(page, waiting[2])).toContainText('3 of 8');
  await picture(page, 'job-queued');
  await showPage(page, '/queue');
  await picture(page, 'queue-waiting');
  await orderModel('sim-slow:70b', 'hold');
  await showJob(page, waiting[2], 'held');
  await picture(page, 'job-held');
  await orderModel('sim-slow:70b', 'release');
});

test('what begins', async ({ page }) => {
  const loading = await submit({
    model: 'sim-loader:13b',
    prompt: `${STORY} [[sim: load_ms=60000]]`,
  });
  await showJob(page, loading, 'loading');
  await picture(page, 'job-loading');
  await order(loading, 'cancel');
  const reading = await submit({
    model: 'sim-medium:8b',
    prompt: `${STORY} [[sim: prompt_ms=60000]]`,
  });
  await showJob(page, reading, 'prompt');
  await picture(page, 'job-prompt');
  await order(reading, 'cancel');
  const thinking = await submit({
    model: 'sim-thinker:8b',
    prompt:
      'Which is heavier, a kilogram of feathers or a kilogram of iron? Explain it so that a child can tell it to others. [[sim: thinking=900 rate=25]]',
  });
  await showJob(page, thinking, 'thinking');
  await page.waitForTimeout(SETTLE_MS);
  await picture(page, 'job-thinking');
});

test('what is written', async ({ page }) => {
  for (const tokens of [500, 700, 900]) {
    const prompt = `Practice with a text of some length. [[sim: rate=3000 tokens=${tokens}]]`;
    await reach(await submit({ model: 'sim-medium:8b', prompt }), 'completed');
  }
  const jobId = await submit({ model: 'sim-medium:8b', prompt: `${STORY} ${LONG}` });
  await showJob(page, jobId, 'generating');
  await expect.poll(async () => (await statusOf(jobId)).progress).toBeGreaterThan(25);
  await picture(page, 'job-generating');
  await showPage(page, '/jobs');
  await picture(page, 'jobs-list');
  await order(jobId, 'pause');
  await showJob(page, jobId, 'paused');
  await picture(page, 'job-paused');
  await order(jobId, 'resume');
  await openJob(page, jobId);
  await expect(cardOf(page, jobId).getByTestId('job-attempt')).toContainText('kept text', {
    timeout: 30_000,
  });
  await picture(page, 'job-continued');
});

test('how it ends', async ({ page }) => {
  const completed = await submit({
    model: 'sim-swift:1b',
    prompt: 'Compare tea and coffee in a table with five rows.',
  });
  const html =
    "<!doctype html><html><body style='font:16px system-ui;display:grid;place-items:center;height:90vh'><h1>Tea timer</h1><button>Start 3 min</button></body></html>";
  const app = await submit({
    kind: 'app',
    model: 'sim-swift:1b',
    prompt: `A page that tells when the tea is ready. [[sim: text="${html}"]]`,
  });
  const failed = await submit({ model: 'sim-broken:8b', prompt: 'Summarise the meeting notes.' });
  const cancelled = await submit({
    model: 'sim-medium:8b',
    prompt: `Describe the sea at night, as somebody sees it who has never seen it before. ${LONG}`,
  });
  const expired = await submit({
    model: 'sim-medium:8b',
    prompt: 'Something that cannot wait.',
    deadlines: { waiting_ms: 1500 },
  });
  const retrying = await submit({
    model: 'sim-fast:1b',
    prompt: 'Translate the notice on the door into French. [[sim: rate=20 fault=error_line:30]]',
  });
  await showJob(page, retrying, 'retrying');
  await picture(page, 'job-retrying');
  await reach(completed, 'completed');
  await showJob(page, completed, 'completed');
  await picture(page, 'job-completed');
  await showJob(page, failed, 'failed');
  await picture(page, 'job-failed');
  await expect.poll(async () => (await statusOf(cancelled)).current_tokens).toBeGreaterThan(60);
  await reach(expired, 'expired');
  await reach(app, 'completed');
  await showPage(page, '/');
  await picture(page, 'wall-posts');
  await order(cancelled, 'cancel');
  await showJob(page, cancelled, 'cancelled');
  await picture(page, 'job-cancelled');
  await showJob(page, expired, 'expired');
  await picture(page, 'job-expired');
  await page.goto(`${runningStack().baseUrl}/generate`);
  await page.getByTestId('prompt-input').fill('Explain to a curious child why the sky is blue.');
  await page.waitForTimeout(SETTLE_MS);
  await picture(page, 'generate-ready');
  await showPage(page, '/models');
  await picture(page, 'models-figures');
});

test('when the server is away', async ({ page }) => {
  const cable = await Cable.plugIn();
  const jobId = await submit({ model: 'sim-medium:8b', prompt: `${STORY} ${LONG}` });
  await page.goto(`${cable.url}/jobs/${jobId}`);
  const card = cardOf(page, jobId);
  await expect(card.getByTestId('job-text').locator('.block').first()).not.toBeEmpty();
  await page.waitForTimeout(SETTLE_MS);
  cable.pull();
  const connection = card.getByTestId('connection-state');
  await expect(connection).toHaveAttribute('data-connection', 'reconnecting', { timeout: 45_000 });
  await picture(page, 'job-reconnecting');
  await page.context().setOffline(true);
  await expect(connection).toHaveAttribute('data-connection', 'offline');
  await picture(page, 'job-offline');
  await page.context().setOffline(false);
  await cable.throwAway();
});

test('when there is nothing', async ({ page }) => {
  await showPage(page, `/jobs/job_${'0'.repeat(32)}`);
  await picture(page, 'job-not_found');
  await showPage(page, '/nowhere');
  await picture(page, 'page-not_found');
  await page.route('**/api/v1/jobs?*', (route) =>
    route.fulfill({ contentType: 'application/json', body: '{"jobs": [], "next_page_token": ""}' }),
  );
  await showPage(page, '/');
  await picture(page, 'wall-empty');
  await showPage(page, '/jobs');
  await picture(page, 'jobs-empty');
  await page.unroute('**/api/v1/jobs?*');
  await showPage(page, '/queue');
  await picture(page, 'queue-empty');
  await page.route('**/api/**', (route) => route.abort('connectionrefused'));
  for (const name of ['wall', 'jobs', 'queue', 'models']) {
    await showPage(page, name === 'wall' ? '/' : `/${name}`);
    await picture(page, `${name}-error`);
  }
  await page.unroute('**/api/**');
  await page.goto(`${runningStack().baseUrl}/docs`);
  await expect(page.locator('body')).toContainText('/api/v1/ai/generate');
  await picture(page, 'docs-list');
});
