import { expect, test } from '@playwright/test';
import {
  freshPrompt,
  jobIdOf,
  openJob,
  simulatedText,
  statusOf,
  submit,
  textOf,
} from './support/page.ts';
import { runningStack, sqlRow } from './support/stack.ts';

test('a running job is paused, keeps its text, and goes on from it', async ({ page }) => {
  const prompt = freshPrompt('Tell of a ship that waits for wind');
  const jobId = await jobIdOf(await submit(page, 'sim-medium:8b', prompt));
  const card = await openJob(page, jobId);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(100);
  await card.getByTestId('job-pause').click();
  await expect(card).toHaveAttribute('data-state', 'paused');
  await expect(card.getByTestId('job-pause')).toHaveCount(0);
  await expect(card.getByTestId('job-cancel')).toBeVisible();
  const kept = await textOf(card);
  const length = sqlRow(`SELECT answer_bytes FROM ai_generation_jobs WHERE job_id = '${jobId}'`);
  expect(new TextEncoder().encode(kept)).toHaveLength(Number(length.answer_bytes));

  // It is as paused for who comes later.
  await page.reload();
  await expect(card).toHaveAttribute('data-state', 'paused');
  await expect.poll(() => textOf(card)).toBe(kept);

  await card.getByTestId('job-resume').click();
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(kept.length);
  expect((await textOf(card)).startsWith(kept)).toBe(true);
  await expect(card).toHaveAttribute('data-state', 'completed', { timeout: 60_000 });
  await expect.poll(() => textOf(card)).toBe(await simulatedText('sim-medium:8b', prompt));
  await expect(card.getByTestId('job-cancel')).toHaveCount(0);
});

test('a cancelled job is retried as a new one', async ({ page }) => {
  const prompt = freshPrompt('Describe a slow river');
  const jobId = await jobIdOf(await submit(page, 'sim-medium:8b', prompt));
  const card = await openJob(page, jobId);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(20);
  await card.getByTestId('job-cancel').click();
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  await page.getByTestId('job-retry').click();
  await expect(page).not.toHaveURL(new RegExp(jobId));
  await expect(page).toHaveURL(/\/jobs\/job_[0-9a-f]{32}$/);
  await expect(card).not.toHaveAttribute('data-job-id', jobId);
  const retryId = await jobIdOf(card);
  await expect(card).toHaveAttribute('data-state', 'completed', { timeout: 60_000 });
  await expect.poll(() => textOf(card)).toBe(await simulatedText('sim-medium:8b', prompt));

  // Asked again, it is the same new one.
  await openJob(page, jobId);
  await page.getByTestId('job-retry').click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${retryId}$`));
});

test('an ended job is deleted after a second click', async ({ page }) => {
  const prompt = freshPrompt('Delete');
  const jobId = await jobIdOf(await submit(page, 'sim-noop:1b', prompt));
  const card = await openJob(page, jobId);
  await expect(card).toHaveAttribute('data-state', 'completed');
  // What has completed is not retried.
  await expect(page.getByTestId('job-retry')).toHaveCount(0);
  await page.getByTestId('job-delete').click();
  await expect(page.getByTestId('confirm')).toContainText('Delete this job?');
  expect((await statusOf(jobId)).state).toBe('completed');
  await page.getByTestId('confirm-yes').click();
  await expect(page).toHaveURL(`${runningStack().baseUrl}/jobs`);
  await expect(page.getByTestId('jobs-row').filter({ hasText: prompt })).toHaveCount(0);
  await page.goto(`${runningStack().baseUrl}/jobs/${jobId}`);
  await expect(page.locator('main')).toContainText('No such job');
  await expect(page.getByTestId('job-delete')).toHaveCount(0);
});

test('a waiting job is paused out of the queue, resumed, and cancelled', async ({ page }) => {
  // It serves one at a time, and this one until it is cancelled.
  const endless = freshPrompt('[[sim: rate=20 tokens=6000]] First');
  const first = await jobIdOf(await submit(page, 'sim-single:8b', endless));
  const second = await jobIdOf(await submit(page, 'sim-single:8b', freshPrompt('Second')));
  const card = await openJob(page, second);
  await expect(card).toHaveAttribute('data-state', 'queued');
  await card.getByTestId('job-pause').click();
  await expect(card).toHaveAttribute('data-state', 'paused');
  await card.getByTestId('job-resume').click();
  await expect(card).toHaveAttribute('data-state', 'queued');
  await card.getByTestId('job-cancel').click();
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  await expect(page.getByTestId('job-retry')).toBeVisible();

  const running = await openJob(page, first);
  await running.getByTestId('job-cancel').click();
  await expect(running).toHaveAttribute('data-state', 'cancelled');
});
