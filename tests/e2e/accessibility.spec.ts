import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { submitJob } from './support/jobs.ts';
import { freshPrompt, statusOf } from './support/page.ts';
import { runningStack } from './support/stack.ts';
import { beginStory, cardOf, endStories } from './support/views.ts';

/** What makes a page unusable for somebody, on the page as it stands now. */
async function faults(page: Page): Promise<string[]> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  // Else it has looked at an empty page.
  expect(passes.length).toBeGreaterThan(10);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`));
}

const looks = [
  { name: 'light', colorScheme: 'light', lang: 'en' },
  { name: 'dark', colorScheme: 'dark', lang: 'en' },
  { name: 'right to left', colorScheme: 'light', lang: 'ar' },
] as const;

interface Sight {
  path: string;
  /** There when the page has what it is to show. */
  sign: string;
}

const sights: Record<string, Sight> = {};

async function endedJob(model: string, words: string, state: string): Promise<string> {
  const jobId = await submitJob({ model, prompt: freshPrompt(words), labels: { kind: 'prompt' } });
  await expect
    .poll(async () => (await statusOf(jobId)).state, { timeout: 60_000 })
    .toBe(state);
  return jobId;
}

test.beforeAll(async () => {
  const card = (state: string) => `[data-testid=job-card][data-state=${state}]`;
  const completed = await endedJob('sim-swift:1b', '[[sim: rate=2000 tokens=300]] Done', 'completed');
  const failed = await endedJob('sim-broken:8b', 'Never works', 'failed');
  const running = await beginStory('Still going', 'sim-slow:70b', 'rate=5 tokens=4000');
  const waiting = await beginStory('Still waiting', 'sim-slow:70b', 'rate=5 tokens=4000');
  Object.assign(sights, {
    'the wall': { path: '/', sign: '[data-testid=wall-post][data-state=completed]' },
    generate: { path: '/generate', sign: '[data-testid=prompt-input]' },
    'a running job': { path: `/jobs/${running.jobId}`, sign: '[data-testid=job-text] .block' },
    'a waiting job': { path: `/jobs/${waiting.jobId}`, sign: card('queued') },
    'a completed job': { path: `/jobs/${completed}`, sign: card('completed') },
    'a failed job': { path: `/jobs/${failed}`, sign: card('failed') },
    'no such job': { path: `/jobs/job_${'0'.repeat(32)}`, sign: 'main h1' },
    'the jobs': { path: '/jobs', sign: '[data-testid=jobs-row]' },
    'the queue': { path: '/queue', sign: 'main h1' },
    'the models': { path: '/models', sign: 'main h1' },
    'no such page': { path: '/nowhere', sign: 'main h1' },
  });
});

test.afterAll(() => endStories());

for (const { name, colorScheme, lang } of looks) {
  test(`no page shuts anybody out, ${name}`, async ({ browser }) => {
    test.setTimeout(240_000);
    const context = await browser.newContext({ colorScheme, locale: lang, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const found: Record<string, string[]> = {};
    for (const [sight, { path, sign }] of Object.entries(sights)) {
      await page.goto(runningStack().baseUrl + path);
      await expect(page.locator(sign).first()).toBeVisible();
      await expect(page.locator('html')).toHaveAttribute('dir', lang === 'ar' ? 'rtl' : /^(ltr)?$/);
      found[sight] = await faults(page);
    }
    await context.close();
    expect(found).toEqual(Object.fromEntries(Object.keys(sights).map((sight) => [sight, []])));
  });
}

test('who wants no motion sees none', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const { path, sign } = sights['a running job'];
  await page.goto(runningStack().baseUrl + path);
  await expect(page.locator(sign).first()).toBeVisible();
  const moving = await page.evaluate(() =>
    document.getAnimations().filter((animation) => animation.playState === 'running').length,
  );
  expect(moving).toBe(0);
});

test('with forced colours the bar, the state and the buttons can still be told apart', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  const { path, sign } = sights['a running job'];
  await page.goto(runningStack().baseUrl + path);
  await expect(page.locator(sign).first()).toBeVisible();
  const bar = page.getByRole('progressbar').first();
  const border = await bar.evaluate((element) => getComputedStyle(element).borderTopWidth);
  expect(Number.parseFloat(border)).toBeGreaterThan(0);
  for (const button of await page.getByTestId('job-card').getByRole('button').all()) {
    const style = await button.evaluate((element) => {
      const { borderTopWidth, borderTopStyle } = getComputedStyle(element);
      return { width: Number.parseFloat(borderTopWidth), line: borderTopStyle };
    });
    expect(style.width).toBeGreaterThan(0);
    expect(style.line).not.toBe('none');
  }
});

test('the state is said aloud once, and politely', async ({ page }) => {
  const { path } = sights['a waiting job'];
  await page.goto(runningStack().baseUrl + path);
  const jobId = path.split('/').at(-1) ?? '';
  const card = cardOf(page, jobId);
  const voice = card.locator('[aria-live=polite]');
  await expect(voice).toHaveCount(1);
  await expect(voice).toHaveText(/queued/i);
  await expect(card.getByRole('progressbar')).toHaveAttribute('aria-valuetext', /.+/);
  await card.getByTestId('job-cancel').click();
  await expect(voice).toHaveText(/cancelled/i);
});
