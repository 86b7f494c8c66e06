import { expect, type Locator, type Page } from '@playwright/test';
import { barSamples, expectNoFall, recordBars } from './bar_record.ts';
import { order, storedText, submitJob } from './jobs.ts';
import { freshPrompt, simulatedText, statusOf, textOf } from './page.ts';
import { runningStack } from './stack.ts';

/** A running job whose length does not matter: it is cancelled when enough was seen. */
export interface Story {
  jobId: string;
  model: string;
  prompt: string;
}

/** A model of which the estimator knows how long its answers are, so that its bar has an amount. */
export const MODEL = 'sim-medium:8b';

const running = new Set<string>();

export async function beginStory(
  words: string,
  model = MODEL,
  orders = 'rate=60 tokens=6000',
): Promise<Story> {
  const prompt = freshPrompt(`[[sim: ${orders}]] ${words}`);
  const jobId = await submitJob({ prompt, model, labels: { kind: 'prompt' } });
  running.add(jobId);
  return { jobId, model, prompt };
}

/** A test that failed leaves its job behind, for which those of the others would have to wait. */
export async function endStories(except?: Story): Promise<void> {
  for (const jobId of running) {
    if (jobId === except?.jobId) continue;
    running.delete(jobId);
    const { state } = await statusOf(jobId);
    if (['queued', 'processing', 'paused'].includes(state)) await order(jobId, 'cancel');
  }
}

/** Of a model that has never answered, nobody knows how long it takes: its bar would show no amount. */
export async function practise(model = MODEL): Promise<void> {
  for (let count = 0; count < 2; count += 1) {
    const { jobId } = await beginStory('Practice', model, 'rate=12000 tokens=6000');
    await expect
      .poll(async () => (await statusOf(jobId)).state, { timeout: 60_000 })
      .toBe('completed');
  }
}

export function cardOf(page: Page, jobId: string): Locator {
  return page.locator(`[data-testid=job-card][data-job-id=${jobId}]`);
}

/** The pages on which a job is watched. */
export const PAGES = {
  job: (jobId: string) => `/jobs/${jobId}`,
  wall: () => '/',
  generate: (jobId: string) => `/generate?job=${jobId}`,
};

/** Each of the pages in a tab of its own; what their bars show is recorded. */
export async function openViews(
  page: Page,
  jobId: string,
  pages: readonly (keyof typeof PAGES)[] = ['job', 'wall'],
  baseUrl = runningStack().baseUrl,
): Promise<Page[]> {
  const tabs: Page[] = [];
  for (const name of pages) {
    const tab = tabs.length === 0 ? page : await page.context().newPage();
    tabs.push(tab);
    await recordBars(tab);
    await tab.goto(baseUrl + PAGES[name](jobId));
  }
  await expectLonger(tabs, jobId, 60);
  return tabs;
}

export async function expectLonger(
  tabs: readonly Page[],
  jobId: string,
  length: number,
): Promise<void> {
  for (const tab of tabs) {
    await expect.poll(async () => (await textOf(cardOf(tab, jobId))).length).toBeGreaterThan(length);
  }
}

/** Each page goes on from here, whatever has happened. */
export async function expectToGoOn(tabs: readonly Page[], jobId: string): Promise<void> {
  const stored = await storedText(jobId);
  await expectLonger(tabs, jobId, stored.length + 60);
}

/**
 * Ends the story. Then every page holds the stored text to the letter, which is how the model's own begins, and no
 * bar has ever gone back.
 */
export async function expectOneTruth(tabs: readonly Page[], story: Story): Promise<void> {
  const { jobId, model, prompt } = story;
  await order(jobId, 'cancel');
  for (const tab of tabs) {
    await expect(cardOf(tab, jobId)).toHaveAttribute('data-state', 'cancelled');
  }
  const stored = await storedText(jobId);
  expect(stored.length).toBeGreaterThan(0);
  expect((await simulatedText(model, prompt)).startsWith(stored)).toBe(true);
  for (const tab of tabs) {
    await expect.poll(() => textOf(cardOf(tab, jobId))).toBe(stored);
    await expectNoFall(tab, jobId);
  }
}

/** The page has said, at some time, that it stands so towards the server. */
export async function expectWasSaid(
  tabs: readonly Page[],
  jobId: string,
  connection: string,
  timeout = 20_000,
): Promise<void> {
  for (const tab of tabs) {
    await expect
      .poll(async () => (await barSamples(tab, jobId)).map((sample) => sample.connection), { timeout })
      .toContain(connection);
  }
}
