import { expect, test } from '@playwright/test';
import {
  freshPrompt,
  jobIdOf,
  openJob,
  percentOf,
  simulatedText,
  statusOf,
  submit,
  textOf,
} from './support/page.ts';
import { restartPart } from './support/parts.ts';
import { sqlRow } from './support/stack.ts';

test('a prompt is submitted, watched and completed, and every store agrees', async ({ page }) => {
  // Which states the card goes through is asked of the page itself: looking from here, a busy machine
  // may miss one.
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { seenStates: seen });
    new MutationObserver(() => {
      const state = document.querySelector('[data-testid=job-card]')?.getAttribute('data-state');
      if (state != null && seen.at(-1) !== state) seen.push(state);
    }).observe(document, { subtree: true, childList: true, attributes: true });
  });
  const prompt = freshPrompt('Explain how a queue works');
  const card = await submit(page, 'sim-fast:1b', prompt);
  await expect(card).toHaveAttribute('data-state', 'completed');
  const states = await page.evaluate(() => (window as unknown as { seenStates: string[] }).seenStates);
  expect(states).toContain('processing');
  expect(states.at(-1)).toBe('completed');
  await expect(card.getByTestId('job-text')).not.toBeEmpty();
  await expect(card.getByTestId('job-percent')).toHaveText(/100\s*%/);

  const jobId = await jobIdOf(card);
  const text = await simulatedText('sim-fast:1b', prompt);
  const full = await openJob(page, jobId);
  await expect.poll(() => textOf(full)).toBe(text);

  const status = await statusOf(jobId);
  expect(status).toMatchObject({ status: 'completed', state: 'completed', progress: 100 });
  const row = sqlRow(
    `SELECT status, progress_percentage, current_tokens, tokens_per_second, elapsed_time, prompt_tokens,
            completion_tokens, total_tokens FROM ai_generation_jobs WHERE job_id = '${jobId}'`,
  );
  expect(row.status).toBe('completed');
  expect(Number(row.progress_percentage)).toBe(100);
  expect(Number(row.current_tokens)).toBe(status.current_tokens);
  expect(Number(row.elapsed_time)).toBe(status.elapsed_time);
  expect(Number(row.tokens_per_second)).toBeCloseTo(status.tokens_per_second, 1);
  expect(Number(row.prompt_tokens)).toBe(status.prompt_tokens);
  expect(Number(row.completion_tokens)).toBe(status.completion_tokens);
  expect(Number(row.total_tokens)).toBe(status.total_tokens);
});

test('a reload in the middle goes on from where it was', async ({ page }) => {
  const prompt = freshPrompt('Write a long story about a lighthouse');
  const jobId = await jobIdOf(await submit(page, 'sim-medium:8b', prompt));
  let card = await openJob(page, jobId);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(60);
  const before = await textOf(card);
  const percentBefore = await percentOf(card);

  await page.reload();
  card = page.getByTestId('job-card').first();
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThanOrEqual(before.length);
  expect((await textOf(card)).startsWith(before)).toBe(true);
  expect(await percentOf(card)).toBeGreaterThanOrEqual(percentBefore);

  await expect(card).toHaveAttribute('data-state', 'completed', { timeout: 60_000 });
  await expect.poll(() => textOf(card)).toBe(await simulatedText('sim-medium:8b', prompt));
});

test('a running job is cancelled from the page and keeps its text', async ({ page }) => {
  const prompt = freshPrompt('Describe the sea');
  const jobId = await jobIdOf(await submit(page, 'sim-slow:70b', prompt));
  const card = await openJob(page, jobId);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(10);
  await card.getByTestId('job-cancel').click();
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  const kept = await textOf(card);
  expect(kept.length).toBeGreaterThan(10);
  expect((await simulatedText('sim-slow:70b', prompt)).startsWith(kept)).toBe(true);
  expect((await statusOf(jobId)).status).toBe('failed');

  await page.reload();
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  await expect.poll(() => textOf(card)).toBe(kept);
});

test('a second job of the model waits its turn, and says where it stands', async ({ page }) => {
  const first = await jobIdOf(await submit(page, 'sim-slow:70b', freshPrompt('First in line')));
  const second = await jobIdOf(await submit(page, 'sim-slow:70b', freshPrompt('Second in line')));
  const waiting = await openJob(page, second);
  await expect(waiting).toHaveAttribute('data-state', 'queued');
  await expect(waiting).toContainText('1 of 1');

  const running = await openJob(page, first);
  await running.getByTestId('job-cancel').click();
  await expect(running).toHaveAttribute('data-state', 'cancelled');
  const next = await openJob(page, second);
  await expect(next).toHaveAttribute('data-state', 'processing');
  await next.getByTestId('job-cancel').click();
  await expect(next).toHaveAttribute('data-state', 'cancelled');
});

test('a waiting job is cancelled before it ever ran', async ({ page }) => {
  const first = await jobIdOf(await submit(page, 'sim-slow:70b', freshPrompt('Ahead')));
  const second = await jobIdOf(await submit(page, 'sim-slow:70b', freshPrompt('Behind')));
  const waiting = await openJob(page, second);
  await expect(waiting).toHaveAttribute('data-state', 'queued');
  await waiting.getByTestId('job-cancel').click();
  await expect(waiting).toHaveAttribute('data-state', 'cancelled');
  expect(sqlRow(`SELECT attempt FROM ai_generation_jobs WHERE job_id = '${second}'`).attempt).toBe(
    '0',
  );
  const running = await openJob(page, first);
  await running.getByTestId('job-cancel').click();
  await expect(running).toHaveAttribute('data-state', 'cancelled');
});

test('a model that thinks shows its thinking apart from its answer', async ({ page }) => {
  const prompt = freshPrompt('Think about this');
  const jobId = await jobIdOf(await submit(page, 'sim-thinker:8b', prompt));
  const card = await openJob(page, jobId);
  await expect(card).toHaveAttribute('data-state', 'completed', { timeout: 60_000 });
  await expect.poll(() => textOf(card)).toBe(await simulatedText('sim-thinker:8b', prompt));
  await card.getByText('Thinking', { exact: true }).click();
  await expect(card.getByTestId('job-thinking')).not.toBeEmpty();
});

test('a fault of the model server is told, retried and overcome', async ({ page }) => {
  const prompt = freshPrompt('[[sim: fault=error_line:5 fail_first=1]] Try this');
  const jobId = await jobIdOf(await submit(page, 'sim-fast:1b', prompt));
  const card = await openJob(page, jobId);
  await expect(card).toContainText(/attempt 2 of 3/i);
  await expect(card).toHaveAttribute('data-state', 'completed', { timeout: 60_000 });
  await expect.poll(() => textOf(card)).toBe(await simulatedText('sim-fast:1b', prompt));
});

test('a fault that stays ends in a failure that says why', async ({ page }) => {
  const jobId = await jobIdOf(await submit(page, 'sim-broken:8b', freshPrompt('Never works')));
  const card = await openJob(page, jobId);
  await expect(card).toHaveAttribute('data-state', 'failed', { timeout: 60_000 });
  const status = await statusOf(jobId);
  expect(status.reason).toMatch(/^[A-Z_]+$/);
  await expect(card).toContainText(status.reason ?? 'a reason');
});

test('the page goes on through a restart of each part', async ({ page }) => {
  test.setTimeout(180_000);
  const prompt = freshPrompt('[[sim: rate=20 tokens=4000]] A story that outlives its tellers');
  const jobId = await jobIdOf(await submit(page, 'sim-medium:8b', prompt));
  const card = await openJob(page, jobId);
  await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(20);
  for (const part of ['http_bridge', 'progress_service', 'job_service'] as const) {
    restartPart(part);
    const length = (await textOf(card)).length;
    await expect.poll(async () => (await textOf(card)).length).toBeGreaterThan(length);
  }
  await card.getByTestId('job-cancel').click();
  await expect(card).toHaveAttribute('data-state', 'cancelled');
  const kept = await textOf(card);
  expect((await simulatedText('sim-medium:8b', prompt)).startsWith(kept)).toBe(true);
  expect(
    sqlRow(`SELECT attempt FROM ai_generation_jobs WHERE job_id = '${jobId}'`).attempt,
  ).toBe('1');
  await page.reload();
  await expect.poll(() => textOf(card)).toBe(kept);
});
