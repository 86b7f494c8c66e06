import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { jobIdOf, openJob, submit, textOf } from './support/page.ts';
import { root, runningStack } from './support/stack.ts';

const widths = { wide: { width: 1280, height: 860 }, narrow: { width: 390, height: 844 } };
const schemes = ['light', 'dark'] as const;

/** One picture for each width and colour scheme. */
async function picture(page: Page, name: string): Promise<void> {
  for (const [width, size] of Object.entries(widths)) {
    for (const scheme of schemes) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(root, 'docs/pictures', `${name}-${width}-${scheme}.png`) });
    }
  }
}

test('pictures of the pages', async ({ page }) => {
  const { baseUrl } = runningStack();
  await submit(page, 'sim-thinker:8b', 'Which is heavier, a kilogram of feathers or of iron? Explain.');
  await expect(page.getByTestId('job-card').first()).toHaveAttribute('data-state', 'completed', {
    timeout: 60_000,
  });
  const failed = await jobIdOf(await submit(page, 'sim-broken:8b', 'Summarise the meeting notes.'));

  await page.goto(`${baseUrl}/generate`);
  await picture(page, 'generate');

  const running = await jobIdOf(
    await submit(page, 'sim-medium:8b', 'A short story about a lighthouse keeper, please.'),
  );
  await submit(page, 'sim-medium:8b', 'Translate the story into French.');
  const card = await openJob(page, running);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(400);
  await picture(page, 'job-running');

  await page.goto(`${baseUrl}/jobs`);
  await expect(page.getByTestId('jobs-row').nth(3)).toBeVisible();
  await picture(page, 'jobs');

  const broken = await openJob(page, failed);
  await expect(broken).toHaveAttribute('data-state', 'failed', { timeout: 60_000 });
  await picture(page, 'job-failed');

  const again = await openJob(page, running);
  await again.getByTestId('job-cancel').click();
  await expect(again).toHaveAttribute('data-state', 'cancelled');
  await page.goto(`${baseUrl}/docs`);
  await expect(page.locator('body')).toContainText('/api/v1/ai/generate');
  await picture(page, 'docs');
});
