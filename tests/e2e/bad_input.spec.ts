import { execFileSync } from 'node:child_process';
import { expect, test, type Page, type Route } from '@playwright/test';
import { order, storedText, submitJob } from './support/jobs.ts';
import { freshPrompt, openJob, statusOf, textOf } from './support/page.ts';
import { runningStack } from './support/stack.ts';
import { cardOf } from './support/views.ts';

/** What stands between the page and a good server. */
const NONSENSE: Record<string, (route: Route) => Promise<void>> = {
  'a page of HTML': (route) =>
    route.fulfill({ contentType: 'text/html', body: '<html><body>Welcome to the hotel</body></html>' }),
  'half of an answer': (route) => route.fulfill({ contentType: 'application/json', body: '{"jobs": [{"job' }),
  'another shape': (route) => route.fulfill({ contentType: 'application/json', body: '[1, null, {"jobs": 7}]' }),
  'an error of a proxy': (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }),
  nothing: (route) => route.abort('connectionrefused'),
};

const PAGES = ['/', '/generate', '/jobs', '/queue', '/models', `/jobs/job_${'1'.repeat(32)}`];

/** Whatever goes wrong inside the page is a fault of the page. */
function watchForFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  return faults;
}

for (const [what, answer] of Object.entries(NONSENSE)) {
  test(`a server that answers ${what} leaves each page whole, and is told of`, async ({ page }) => {
    const faults = watchForFaults(page);
    await page.route('**/api/**', answer);
    for (const path of PAGES) {
      await page.goto(runningStack().baseUrl + path);
      await expect(page.getByRole('navigation').first()).toBeVisible();
      await expect(page.locator('main h1').first()).toBeVisible();
      await expect(page.locator('main')).not.toContainText(/undefined|NaN|\[object|Welcome to the hotel/);
    }
    await page.goto(`${runningStack().baseUrl}/jobs`);
    await expect(page.getByRole('alert').first()).toBeVisible();
    // The server is well again, and a click is enough.
    await page.unroute('**/api/**');
    await page.getByRole('alert').getByRole('button').first().click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    expect(faults).toEqual([]);
  });
}

test('a slow server is waited for in sight', async ({ page }) => {
  await page.route('**/api/v1/jobs?*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await page.goto(runningStack().baseUrl);
  await expect(page.locator('main [aria-busy=true]').first()).toBeVisible();
  await expect(page.locator('main [aria-busy=true]')).toHaveCount(0);
});

test('a submit that the server does not take keeps the prompt', async ({ page }) => {
  await page.goto(`${runningStack().baseUrl}/generate`);
  const prompt = freshPrompt('Not to be lost');
  await page.getByTestId('prompt-input').fill(prompt);
  await page.route('**/api/v1/ai/generate', (route) => route.abort('connectionreset'));
  await page.getByTestId('submit').click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await expect(page.getByTestId('prompt-input')).toHaveValue(prompt);
  await page.unroute('**/api/v1/ai/generate');
  await page.getByTestId('submit').click();
  await expect(page.getByTestId('job-card').first()).toHaveAttribute('data-job-id', /^job_/);
  await order((await page.getByTestId('job-card').first().getAttribute('data-job-id')) ?? '', 'cancel').catch(
    () => undefined,
  );
});

test('an answer of 2 MB is cut where the server says, and the page stays quick', async ({ page }) => {
  test.setTimeout(180_000);
  const jobId = await submitJob({
    model: 'sim-swift:1b',
    prompt: freshPrompt('[[sim: tokens=3 rate=2000 big_text=2000000]] A very long answer'),
    labels: { kind: 'prompt' },
  });
  await expect
    .poll(async () => (await statusOf(jobId)).state, { timeout: 60_000 })
    .toMatch(/completed|failed/);
  await openJob(page, jobId);
  const card = cardOf(page, jobId);
  await expect(card).toHaveAttribute('data-state', /completed|failed/);
  const stored = await storedText(jobId);
  expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(1024 * 1024);
  await expect.poll(async () => (await textOf(card)).length, { timeout: 60_000 }).toBe(stored.length);
  expect((await textOf(card)) === stored).toBe(true);
  // It still answers to a click, and leads on.
  await page.getByRole('navigation').first().getByRole('link').first().click();
  await expect(page).toHaveURL(/\/$/);
});

test('a thousand jobs are a list that can be read', async ({ page }) => {
  const stack = runningStack();
  // Past the services: what is tested is the list. Rows like those that are there, with other ids.
  const columns = execFileSync(
    'mariadb',
    [
      `--socket=${stack.mariadbSocket}`, '--batch', '--skip-column-names', 'information_schema', '-e',
      `SELECT GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM columns
        WHERE table_schema = 'genwatch' AND table_name = 'ai_generation_jobs' AND extra = ''
          AND column_name NOT IN ('job_id', 'request_id', 'request_key', 'retry_of')`,
    ],
    { encoding: 'utf8' },
  ).trim();
  const model = await submitJob({ model: 'sim-noop:1b', prompt: freshPrompt('One of a thousand') });
  await expect.poll(async () => (await statusOf(model)).state).toBe('completed');
  execFileSync('mariadb', [
    `--socket=${stack.mariadbSocket}`, 'genwatch', '-e',
    `INSERT INTO ai_generation_jobs (job_id, ${columns})
       SELECT CONCAT('job_', LPAD(HEX(seq), 32, '0')), ${columns} FROM ai_generation_jobs, seq_1_to_1000
        WHERE job_id = '${model}'`,
  ]);
  const faults = watchForFaults(page);
  await page.goto(`${stack.baseUrl}/jobs`);
  const rows = page.getByTestId('jobs-row');
  await expect(rows.first()).toBeVisible();
  const shown = await rows.count();
  expect(shown).toBeLessThan(200);
  await page.getByTestId('load-more').click();
  await expect.poll(() => rows.count()).toBeGreaterThan(shown);
  await page.goto(stack.baseUrl);
  await expect(page.locator('main h1').first()).toBeVisible();
  expect(faults).toEqual([]);
  execFileSync('mariadb', [
    `--socket=${stack.mariadbSocket}`, 'genwatch', '-e',
    `DELETE FROM ai_generation_jobs WHERE job_id LIKE 'job_0000000000000000%'`,
  ]);
});
