import { expect, test, type Locator, type Page } from '@playwright/test';
import { freshPrompt } from './support/page.ts';
import { runningStack } from './support/stack.ts';
import { endAllJobs } from './support/jobs.ts';

/** As somebody without a mouse gets there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target.first()).toBeVisible();
  for (let steps = 0; steps < 60; steps += 1) {
    if (await target.first().evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the Tab key does not lead there');
}

test.afterAll(() => endAllJobs());

test('a job is submitted, watched, cancelled and retried with the keyboard alone', async ({ page }) => {
  await page.goto(runningStack().baseUrl);
  await tabTo(page, page.getByRole('navigation').getByRole('link', { name: 'Generate' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/generate/);
  await tabTo(page, page.getByTestId('prompt-input'));
  await page.keyboard.type(freshPrompt('[[sim: rate=20 tokens=4000]] Typed, not clicked'));
  await page.keyboard.press('Control+Enter');
  const card = page.getByTestId('job-card').first();
  await expect(card).toHaveAttribute('data-state', /queued|processing/);
  await expect(card.getByTestId('job-text').locator('.block').first()).not.toBeEmpty();
  await tabTo(page, card.getByTestId('job-cancel'));
  await page.keyboard.press('Enter');
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  const cancelled = await card.getAttribute('data-job-id');
  // The button that was pressed is gone: who uses the keyboard is not thrown back to the beginning of the page.
  await tabTo(page, card.getByTestId('job-retry'));
  await page.keyboard.press('Enter');
  await expect(card).not.toHaveAttribute('data-job-id', cancelled ?? '');
  await expect(card).toHaveAttribute('data-state', /queued|processing/);
});

test('the command palette leads to each page, and back to where one was', async ({ page }) => {
  await page.goto(runningStack().baseUrl);
  await expect(page.locator('main h1').first()).toBeVisible();
  for (const [words, url] of [
    ['generate', /\/generate/],
    ['jobs', /\/jobs/],
  ] as const) {
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('dialog');
    await expect(palette).toBeVisible();
    await page.keyboard.type(words);
    await page.keyboard.press('Enter');
    await expect(palette).toBeHidden();
    await expect(page).toHaveURL(url);
  }
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(/\/jobs/);
});
