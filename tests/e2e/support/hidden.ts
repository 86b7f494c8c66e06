import { expect, type Browser, type Page } from '@playwright/test';
import { storedText } from './jobs.ts';
import { textOf } from './page.ts';
import {
  beginStory,
  cardOf,
  expectLonger,
  expectOneTruth,
  openViews,
  practise,
  type Story,
} from './views.ts';

const HIDDEN_MS = 60_000;

/** Tabs that nobody looks at, as a browser treats them: timers, frames and events stand still. */
export interface HiddenTabs {
  story: Story;
  tabs: Page[];
  /** Of the stored text, when they were hidden. */
  length: number;
  since: number;
}

async function setState(tabs: readonly Page[], state: 'frozen' | 'active'): Promise<void> {
  for (const tab of tabs) {
    const session = await tab.context().newCDPSession(tab);
    await session.send('Page.setWebLifecycleState', { state });
    await session.detach();
  }
}

export async function hideTabs(browser: Browser): Promise<HiddenTabs> {
  await practise('sim-slow:70b');
  const story = await beginStory('Told while nobody looks', 'sim-slow:70b', 'rate=20 tokens=6000');
  const context = await browser.newContext();
  const tabs = await openViews(await context.newPage(), story.jobId);
  await setState(tabs, 'frozen');
  const { length } = await storedText(story.jobId);
  return { story, tabs, length, since: Date.now() };
}

/** Posts that came since stand above it on the wall, and only what is near the reader is drawn. */
async function scrollTo(tab: Page, jobId: string): Promise<void> {
  const post = tab.locator(`[data-testid=wall-post][data-job-id=${jobId}]`);
  await expect
    .poll(async () => {
      if ((await post.count()) > 0) await post.scrollIntoViewIfNeeded();
      return cardOf(tab, jobId).count();
    })
    .toBe(1);
}

/** Looks at them when they have been hidden for a minute: they have missed nothing. */
export async function lookAgain(hidden: HiddenTabs): Promise<void> {
  const { story, tabs } = hidden;
  await expect
    .poll(() => Date.now() - hidden.since, { timeout: 2 * HIDDEN_MS, intervals: [500] })
    .toBeGreaterThan(HIDDEN_MS);
  const stored = await storedText(story.jobId);
  expect(stored.length).toBeGreaterThan(hidden.length + 1000);
  await setState(tabs, 'active');
  for (const tab of tabs) await scrollTo(tab, story.jobId);
  await expectLonger(tabs, story.jobId, stored.length);
  for (const tab of tabs) {
    expect((await textOf(cardOf(tab, story.jobId))).startsWith(stored)).toBe(true);
  }
  await expectOneTruth(tabs, story);
  await tabs[0].context().close();
}
