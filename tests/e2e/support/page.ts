import { expect, type Locator, type Page } from '@playwright/test';
import { runningStack } from './stack.ts';

/** A prompt that no other test has used, so that each has its own made-up text. */
export function freshPrompt(words: string): string {
  return `${words} ${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

export async function submit(page: Page, model: string, prompt: string): Promise<Locator> {
  await page.goto(`${runningStack().baseUrl}/generate`);
  await page.getByTestId('model-select').selectOption(model);
  await page.getByTestId('prompt-input').fill(prompt);
  await page.getByTestId('submit').click();
  const card = page.getByTestId('job-card').first();
  await expect(card).toHaveAttribute('data-job-id', /^job_[0-9a-f]{32}$/);
  return card;
}

export async function jobIdOf(card: Locator): Promise<string> {
  const id = await card.getAttribute('data-job-id');
  if (id === null) throw new Error('the card names no job');
  return id;
}

export async function openJob(page: Page, jobId: string): Promise<Locator> {
  await page.goto(`${runningStack().baseUrl}/jobs/${jobId}`);
  return page.getByTestId('job-card').first();
}

/** The text as the page holds it, to the letter: rendering may collapse nothing of it. */
export async function textOf(card: Locator): Promise<string> {
  const text = card.getByTestId('job-text');
  if ((await text.count()) === 0) return '';
  return text.evaluate((element) =>
    [...element.querySelectorAll('.block')].map((block) => block.textContent ?? '').join(''),
  );
}

export async function percentOf(card: Locator): Promise<number> {
  const text = (await card.getByTestId('job-percent').textContent()) ?? '';
  return text.trim() === '' ? 0 : Number.parseInt(text, 10);
}

/** What the simulator makes of the prompt, when nobody is in between. */
export async function simulatedText(model: string, prompt: string): Promise<string> {
  const query = new URLSearchParams({ model, prompt });
  const response = await fetch(`${runningStack().simulatorUrl}/sim/text?${query.toString()}`);
  const body = (await response.json()) as { text: string };
  return body.text;
}

export interface JobStatus {
  status: string;
  state: string;
  progress: number;
  current_tokens: number;
  tokens_per_second: number;
  elapsed_time: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  reason: string | null;
  attempt: number;
}

export async function statusOf(jobId: string): Promise<JobStatus> {
  const response = await fetch(
    `${runningStack().baseUrl}/api/v1/ai/generation/${jobId}/status`,
  );
  const body = (await response.json()) as { success: boolean; job: JobStatus };
  expect(body.success).toBe(true);
  return body.job;
}
