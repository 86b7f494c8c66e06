import { expect, test } from '@playwright/test';
import { barSamples, fallsIn } from './support/bar_record.ts';
import { Cable } from './support/cable.ts';
import { endAllJobs, storedText } from './support/jobs.ts';
import { hideTabs, lookAgain, type HiddenTabs } from './support/hidden.ts';
import { statusOf, textOf } from './support/page.ts';
import { awaitSuccessor, killPart } from './support/parts.ts';
import {
  beginStory,
  MODEL,
  cardOf,
  endStories,
  expectLonger,
  expectOneTruth,
  expectToGoOn,
  expectWasSaid,
  openViews,
  practise,
} from './support/views.ts';

/** Nobody looks at these while the other faults happen. */
let hidden: HiddenTabs | undefined;

test.afterEach(() => endStories(hidden?.story));

/** A job that loses its worker twice is a suspect, and runs alone: none may be left from a test that failed. */
async function killWorker(): Promise<void> {
  const killed = killPart('generation_service');
  await awaitSuccessor('generation_service', killed);
}

test('tabs are hidden while their job runs', async ({ browser }) => {
  await practise();
  hidden = await hideTabs(browser);
});

test('a reload in the middle changes nothing of what is read', async ({ page }) => {
  const story = await beginStory('A keeper and a lamp');
  const { jobId } = story;
  const tabs = await openViews(page, jobId, ['job', 'wall', 'generate']);
  for (const tab of tabs) {
    await expect
      .poll(async () => (await barSamples(tab, jobId)).at(-1)?.percent ?? 0)
      .toBeGreaterThan(5);
    const text = await textOf(cardOf(tab, jobId));
    const percent = (await barSamples(tab, jobId)).at(-1)?.percent ?? 0;
    await tab.reload();
    await expectLonger([tab], jobId, text.length);
    expect((await textOf(cardOf(tab, jobId))).startsWith(text)).toBe(true);
    const first = (await barSamples(tab, jobId)).find((sample) => sample.percent !== null);
    expect(first?.percent).toBeGreaterThanOrEqual(percent);
  }
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
});

test('the bridge is killed, which is said, and nothing is missing afterwards', async ({ page }) => {
  const story = await beginStory('A bridge in the fog');
  const { jobId } = story;
  const tabs = await openViews(page, jobId, ['job', 'wall', 'generate']);
  const killed = killPart('http_bridge');
  await expectWasSaid(tabs, jobId, 'reconnecting');
  await awaitSuccessor('http_bridge', killed);
  for (const tab of tabs) {
    await expect(cardOf(tab, jobId).getByTestId('connection-state')).toHaveAttribute(
      'data-connection',
      'live',
    );
  }
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
});

test('progress_service is killed, and nothing is missing afterwards', async ({ page }) => {
  const story = await beginStory('A herald who lost his voice');
  const { jobId } = story;
  const tabs = await openViews(page, jobId);
  const killed = killPart('progress_service');
  await awaitSuccessor('progress_service', killed);
  await expectToGoOn(tabs, jobId);
  expect((await statusOf(jobId)).attempt).toBe(1);
  await expectOneTruth(tabs, story);
});

test('offline is said, what was read stays, and nothing is missing afterwards', async ({ page }) => {
  const story = await beginStory('An island without a ferry');
  const { jobId } = story;
  const cable = await Cable.plugIn();
  const tabs = await openViews(page, jobId, ['job', 'wall'], cable.url);
  cable.pull();
  await page.context().setOffline(true);
  await expectWasSaid(tabs, jobId, 'offline');
  const before = await Promise.all(tabs.map((tab) => textOf(cardOf(tab, jobId))));
  // The job does not wait for its readers.
  const stored = await storedText(jobId);
  await expect.poll(async () => (await storedText(jobId)).length).toBeGreaterThan(stored.length + 200);
  for (const [index, tab] of tabs.entries()) {
    expect(await textOf(cardOf(tab, jobId))).toBe(before[index]);
    await expect(cardOf(tab, jobId)).toContainText(/offline/i);
  }
  cable.putBack();
  await page.context().setOffline(false);
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
  await cable.throwAway();
});

test('a cable that is pulled without a word is noticed, and nothing is missing afterwards', async ({
  page,
}) => {
  const story = await beginStory('A lighthouse without a wire');
  const { jobId } = story;
  const cable = await Cable.plugIn();
  const tabs = await openViews(page, jobId, ['job', 'wall'], cable.url);
  cable.pull();
  // Silence is not yet a fault, and the question whether it is one may get no answer.
  await expectWasSaid(tabs, jobId, 'reconnecting', 45_000);
  cable.putBack();
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
  await cable.throwAway();
});

test('an order in one tab is seen in the other, and both show one truth', async ({ page }) => {
  const story = await beginStory('Two readers of one book');
  const { jobId } = story;
  const tabs = await openViews(page, jobId);
  await cardOf(tabs[0], jobId).getByTestId('job-pause').click();
  for (const tab of tabs) {
    await expect(cardOf(tab, jobId)).toHaveAttribute('data-state', 'paused');
  }
  const kept = await storedText(jobId);
  for (const tab of tabs) await expect.poll(() => textOf(cardOf(tab, jobId))).toBe(kept);
  await cardOf(tabs[1], jobId).getByTestId('job-resume').click();
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
});

test('tabs that were hidden for a minute have missed nothing', async ({ browser }) => {
  test.setTimeout(240_000);
  // After a failure the rest of the tests has a new process, and a browser of its own.
  if (hidden === undefined) {
    await endAllJobs();
    hidden = await hideTabs(browser);
  }
  await lookAgain(hidden);
});

test('the worker is killed, and the model goes on from the kept text', async ({ page }) => {
  await endAllJobs();
  const story = await beginStory('A lamp that outlives its keeper');
  const { jobId } = story;
  const tabs = await openViews(page, jobId);
  await expect.poll(async () => (await storedText(jobId)).length).toBeGreaterThan(100);
  await killWorker();
  await expect.poll(async () => (await statusOf(jobId)).attempt).toBe(2);
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
});

test('a model that can only begin anew is said to do so before the bar falls', async ({ page }) => {
  await endAllJobs();
  const story = await beginStory('Once more from the start', MODEL, 'rate=60 tokens=6000 prefill=refuse');
  const { jobId } = story;
  const tabs = await openViews(page, jobId);
  for (const tab of tabs) {
    await expect
      .poll(async () => (await barSamples(tab, jobId)).at(-1)?.percent ?? 0)
      .toBeGreaterThan(8);
  }
  await killWorker();
  for (const tab of tabs) {
    await expect(cardOf(tab, jobId)).toContainText(/again from the beginning/i, { timeout: 30_000 });
    // The bar is at the new attempt now, and goes on.
    await expect
      .poll(async () => fallsIn(await barSamples(tab, jobId)))
      .toEqual([expect.objectContaining({ told: true })]);
  }
  expect((await statusOf(jobId)).attempt).toBe(2);
  await expectToGoOn(tabs, jobId);
  await expectOneTruth(tabs, story);
});
