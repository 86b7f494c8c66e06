import { expect, test } from '@playwright/test';
import { freshPrompt, jobIdOf, submit } from './support/page.ts';
import { runningStack } from './support/stack.ts';

test('the list shows the job and leads to it', async ({ page }) => {
  const prompt = freshPrompt('Listed');
  const card = await submit(page, 'sim-noop:1b', prompt);
  await expect(card).toHaveAttribute('data-state', 'completed');
  const jobId = await jobIdOf(card);
  await page.goto(`${runningStack().baseUrl}/jobs`);
  const row = page.getByTestId('jobs-row').first();
  await expect(row).toContainText(prompt);
  await row.getByRole('link').first().click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${jobId}$`));
  await expect(page.getByTestId('job-card')).toHaveAttribute('data-state', 'completed');
});

test('made-up text is called so, with the line that uses Ollama', async ({ page }) => {
  await page.goto(runningStack().baseUrl);
  const badge = page.getByTestId('sim-badge');
  await expect(badge).toContainText('Simulated model: the text is made up');
  await expect(page.locator('body')).toContainText('OLLAMA_URL=');
});

test('an example fills the prompt', async ({ page }) => {
  await page.goto(`${runningStack().baseUrl}/generate`);
  await expect(page.getByTestId('example-chip')).toHaveCount(3);
  await page.getByTestId('example-chip').first().click();
  await expect(page.getByTestId('prompt-input')).not.toHaveValue('');
});

test('a blank prompt is not sent', async ({ page }) => {
  await page.goto(`${runningStack().baseUrl}/generate`);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.url());
  });
  await page.getByTestId('prompt-input').fill('   ');
  await page.getByTestId('prompt-input').press('Control+Enter');
  await expect(page.getByTestId('job-card')).toHaveCount(0);
  expect(sent).toEqual([]);
});

test('a job that never was is told as such', async ({ page }) => {
  await page.goto(`${runningStack().baseUrl}/jobs/job_${'0'.repeat(32)}`);
  await expect(page.locator('main')).toContainText(/not found|no such job/i);
});

test('an address that leads nowhere has its own page', async ({ page }) => {
  await page.goto(`${runningStack().baseUrl}/nowhere/at/all`);
  await expect(page.locator('main')).toContainText('No such page');
});

test('text from the model is shown, never run', async ({ page }) => {
  const evil = '<img src=x onerror="window.__owned=1"><script>window.__owned=1</script>';
  const card = await submit(page, 'sim-fast:1b', freshPrompt(`Echo ${evil}`));
  await expect(card).toHaveAttribute('data-state', 'completed');
  expect(await page.evaluate(() => '__owned' in window)).toBe(false);
});

test('the API is described and can be browsed', async ({ page, request }) => {
  const document = await request.get(`${runningStack().baseUrl}/openapi.json`);
  expect(document.ok()).toBe(true);
  const paths = Object.keys(((await document.json()) as { paths: object }).paths);
  expect(paths.some((path) => path.includes('/ai/generate'))).toBe(true);
  await page.goto(`${runningStack().baseUrl}/docs`);
  await expect(page.locator('body')).toContainText('/api/v1/ai/generate');
});

test('the card is drawn as it was designed, from the built pages', async ({ page }) => {
  const card = await submit(page, 'sim-noop:1b', freshPrompt('Dressed'));
  await expect(card).toHaveAttribute('data-state', 'completed');
  // Without its style sheet the icon would be as wide as the card, and the border would be none.
  const icon = await card.locator('svg').first().boundingBox();
  expect(icon?.width).toBeLessThan(64);
  const border = await card.evaluate((element) => getComputedStyle(element).borderTopWidth);
  expect(Number.parseFloat(border)).toBeGreaterThan(0);
});
