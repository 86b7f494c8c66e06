import { expect, test } from '@playwright/test';
import {
  answering,
  expectCalm,
  hostileTexts,
  liveNodes,
  post,
  storedText,
  tripwires,
} from './support/hostile.ts';
import { statusOf, textOf } from './support/page.ts';
import { runningStack } from './support/stack.ts';

async function ended(jobId: string): Promise<void> {
  await expect.poll(async () => (await statusOf(jobId)).state, { timeout: 60_000 }).toBe('completed');
}

test.describe.serial('no answer comes alive', () => {
  test.setTimeout(240_000);
  /** The text that each job answered with. */
  const jobs = new Map<string, string>();

  test('on the wall, live and as a result', async ({ page }) => {
    const sprung = await tripwires(page);
    await page.goto(runningStack().baseUrl);
    for (const { name, text } of hostileTexts) {
      const { status, jobId, body } = await post(answering(text), 'sim-swift:1b', 'prompt');
      expect(status, `${name}: ${body}`).toBe(202);
      jobs.set(jobId, text);
    }
    // The wall takes them in while they run, and each turns into its result.
    for (const jobId of jobs.keys()) await ended(jobId);
    for (const [jobId, text] of jobs) {
      const posted = page.locator(`[data-testid=wall-post][data-job-id=${jobId}]`);
      await expect(async () => {
        if ((await posted.count()) === 0) await page.mouse.wheel(0, 4000);
        await posted.scrollIntoViewIfNeeded({ timeout: 1000 });
        await expect(posted.getByTestId('result')).toBeVisible({ timeout: 5000 });
      }).toPass({ timeout: 60_000 });
      await expect(posted).toHaveAttribute('data-state', 'completed');
      await expect(posted.getByTestId('result-markdown')).toHaveAttribute('data-rendered', 'true');
      expect(await liveNodes(posted.getByTestId('result-markdown'))).toEqual([]);
      await posted.getByTestId('result-toggle').click();
      expect(await posted.getByTestId('result-text').evaluate((e) => e.textContent)).toBe(text);
    }
    await expectCalm(page, sprung);
  });

  test('on Generate', async ({ page }) => {
    const sprung = await tripwires(page);
    const ids = [...jobs.keys()];
    for (let i = 0; i < ids.length; i += 3) {
      const three = ids.slice(i, i + 3);
      await page.goto(
        `${runningStack().baseUrl}/generate?${three.map((id) => `job=${id}`).join('&')}`,
      );
      for (const jobId of three) {
        const card = page.locator(`[data-testid=job-card][data-job-id=${jobId}]`);
        await expect(card).toHaveAttribute('data-state', 'completed');
        await expect.poll(() => textOf(card)).toBe(jobs.get(jobId));
        expect(await liveNodes(card.getByTestId('job-text'))).toEqual([]);
      }
    }
    await expectCalm(page, sprung);
  });

  test('on the page of its job', async ({ page }) => {
    const sprung = await tripwires(page);
    for (const [jobId, text] of jobs) {
      expect(await storedText(jobId)).toBe(text);
      await page.goto(`${runningStack().baseUrl}/jobs/${jobId}`);
      const card = page.getByTestId('job-card').first();
      await expect(card).toHaveAttribute('data-state', 'completed');
      await expect.poll(() => textOf(card)).toBe(text);
      expect(await liveNodes(card.getByTestId('job-text'))).toEqual([]);
      expect(await liveNodes(page.getByTestId('result-markdown'))).toEqual([]);
    }
    await expectCalm(page, sprung);
  });
});

test('no prompt comes alive on the wall or on the page of its job', async ({ page }) => {
  test.setTimeout(240_000);
  const { baseUrl } = runningStack();
  const sprung = await tripwires(page);
  for (const { name, text } of hostileTexts) {
    const { status, jobId, body } = await post(text, 'sim-noop:1b', 'prompt');
    expect(status, `${name}: ${body}`).toBe(202);
    await ended(jobId);
    await page.goto(`${baseUrl}/jobs/${jobId}`);
    const prompt = page.getByTestId('job-prompt');
    await expect(prompt).toBeAttached();
    expect(await prompt.evaluate((element) => element.textContent), name).toBe(text);
    expect(await liveNodes(prompt), name).toEqual([]);
  }
  await page.goto(baseUrl);
  const posts = page.getByTestId('wall-post');
  await expect(posts.first()).toBeVisible();
  await expect(async () => {
    await page.mouse.wheel(0, 6000);
    expect(await posts.count()).toBeGreaterThanOrEqual(hostileTexts.length);
  }).toPass({ timeout: 60_000 });
  expect(await liveNodes(page.getByTestId('post-link'))).toEqual([]);
  await expectCalm(page, sprung);
});

test('an app runs after a click, sealed off from the page and the net', async ({ page }) => {
  const { baseUrl } = runningStack();
  const sprung = await tripwires(page, true);
  const app = hostileTexts.find(({ name }) => name === 'app that reaches out')!;
  const { jobId } = await post(answering(app.text), 'sim-swift:1b', 'app');
  await ended(jobId);
  await page.goto(baseUrl);
  const posted = page.locator(`[data-testid=wall-post][data-job-id=${jobId}]`);
  await expect(posted.getByTestId('app-start')).toBeVisible();
  expect(await page.locator('iframe').count()).toBe(0);

  const title = await page.title();
  await posted.getByTestId('app-start').click();
  const frame = posted.frameLocator('iframe');
  // Its own scripts ran, to the end: whatever they tried, they were let go on.
  await expect(frame.locator('#app-says')).toHaveText('app ran');
  await expect(posted.locator('iframe')).toHaveAttribute('sandbox', 'allow-scripts');
  const origin = await frame.locator('body').evaluate(() => self.origin);
  expect(origin).toBe('null');
  await expectCalm(page, sprung);
  expect(page.url()).toBe(`${baseUrl}/`);
  expect(await page.title()).toBe(title);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await posted.getByTestId('app-stop').click();
  await expect(page.locator('iframe')).toHaveCount(0);
});
