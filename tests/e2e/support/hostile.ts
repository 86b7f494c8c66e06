import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { root, runningStack } from './stack.ts';

export interface HostileText {
  name: string;
  text: string;
}

/** What a model, or a person, may write to do harm; the same that the web's unit tests draw. */
export const hostileTexts = JSON.parse(
  readFileSync(join(root, 'tests/contract/hostile_texts.json'), 'utf8'),
) as HostileText[];

/** A prompt whose answer is this very text, as fast as the simulator can. */
export function answering(text: string): string {
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g, (character) =>
    character === '"' || character === '\\'
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `[[sim: rate=20000 text="${escaped}"]]`;
}

/** Answers the status and, where it is 202, the id of the new job. */
export async function post(
  prompt: string,
  model: string,
  kind: 'prompt' | 'app',
): Promise<{ status: number; jobId: string; body: string }> {
  const response = await fetch(`${runningStack().baseUrl}/api/v1/ai/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt, model, labels: { kind } }),
  });
  const body = await response.text();
  const json = JSON.parse(body) as { data?: { job?: { job_id?: string } } };
  return { status: response.status, jobId: json.data?.job?.job_id ?? '', body };
}

/** The whole stored answer. */
export async function storedText(jobId: string): Promise<string> {
  let text = '';
  for (;;) {
    const offset = new TextEncoder().encode(text).length;
    const response = await fetch(
      `${runningStack().baseUrl}/api/v1/jobs/${jobId}/output?channel=CHANNEL_ANSWER&offset=${offset}`,
    );
    const json = (await response.json()) as { text?: string; text_length: number };
    text += json.text ?? '';
    if ((json.text ?? '') === '' || new TextEncoder().encode(text).length >= json.text_length) {
      return text;
    }
  }
}

/**
 * Notes everything that text must not be able to do to a page. Set before the first `goto`. Of an app
 * that runs a request may be tried, as long as the policy of its frame stops it.
 */
export async function tripwires(page: Page, appRuns = false): Promise<string[]> {
  const sprung: string[] = [];
  const { baseUrl } = runningStack();
  page.on('dialog', (dialog) => {
    sprung.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => sprung.push(`popup: ${popup.url()}`));
  page.on('pageerror', (error) => sprung.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (url.startsWith(baseUrl) || url.startsWith('data:')) return;
    if (!appRuns) sprung.push(`request: ${url}`);
  });
  page.on('response', (response) => {
    if (!response.url().startsWith(baseUrl)) sprung.push(`response: ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    if (request.url().startsWith(baseUrl)) return;
    const why = request.failure()?.errorText;
    if (why !== 'csp') sprung.push(`request: ${request.url()}: ${why}`);
  });
  page.on('framenavigated', (frame) => {
    const url = frame.url();
    if (url !== 'about:blank' && !url.startsWith(baseUrl)) sprung.push(`navigation: ${url}`);
  });
  await page.exposeFunction('pwned', (how: string) => sprung.push(`script: ${how}`));
  await page.addInitScript(() => {
    Object.defineProperty(window, '__pwned', {
      set: () => void (window as unknown as { pwned: (how: string) => void }).pwned(location.href),
    });
  });
  return sprung;
}

/** What below these elements could load, run, cover or send something, in words. */
export function liveNodes(drawn: Locator): Promise<string[]> {
  return drawn.evaluateAll((roots) => {
    const live =
      'script, iframe, object, embed, applet, base, meta, link, style, form, input, textarea, select, ' +
      'img, picture, video, audio, svg, math, template, dialog, marquee, noscript, area, canvas';
    const found: string[] = [];
    for (const root of roots) {
      for (const element of root.querySelectorAll('*')) {
        if (element.matches(live)) found.push(element.outerHTML.slice(0, 200));
        for (const { name, value } of element.attributes) {
          const isHandler = name.startsWith('on') || name === 'style' || name === 'srcdoc';
          const isLink = name === 'href' && !/^(https?:|mailto:)/.test(value);
          if (isHandler || isLink) found.push(`${element.tagName} ${name}=${value.slice(0, 200)}`);
        }
      }
    }
    return found;
  });
}

/** Nothing has happened so far, also not in a moment from now. */
export async function expectCalm(page: Page, sprung: readonly string[]): Promise<void> {
  // What was put into the page has run, loaded or failed once a later task of the page has.
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))),
  );
  expect(sprung).toEqual([]);
}
