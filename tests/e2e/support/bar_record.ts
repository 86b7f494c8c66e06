import { expect, type Page } from '@playwright/test';

/** What a card showed at one moment: after each change of the page, not now and then. */
export interface BarSample {
  jobId: string;
  state: string;
  attempt: number;
  /** How the card says that it stands towards the server. */
  connection: string;
  /** Of the bar, as it is told to a screen reader; null: it shows no amount. */
  percent: number | null;
  /** The number beside it. */
  shown: number | null;
  /** All that the card says outside of the model's texts. */
  words: string;
}

/**
 * From now on, and after each reload, the page itself records what its cards show. A Node process that asks from time
 * to time would miss what stands there for one frame only.
 */
export async function recordBars(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const samples: BarSample[] = [];
    const last = new Map<Element, string>();
    const numberIn = (text: string | null | undefined): number | null =>
      text == null || text.trim() === '' ? null : Number.parseInt(text, 10);
    // innerText would lay the page out each time.
    const wordsOf = (node: Node): string => {
      if (node instanceof HTMLElement) {
        if (node.dataset.testid === 'job-text' || node.dataset.testid === 'job-thinking') return '';
        return [...node.childNodes].map(wordsOf).join(' ');
      }
      return node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '').trim() : '';
    };
    const look = (): void => {
      for (const card of document.querySelectorAll<HTMLElement>('[data-testid=job-card]')) {
        const bar = card.querySelector('[role=progressbar]');
        const sample: BarSample = {
          jobId: card.dataset.jobId ?? '',
          state: card.dataset.state ?? '',
          attempt: Number(card.dataset.attempt ?? 0),
          connection:
            card.querySelector<HTMLElement>('[data-testid=connection-state]')?.dataset.connection ?? '',
          percent: numberIn(bar?.getAttribute('aria-valuenow')),
          shown: numberIn(card.querySelector('[data-testid=job-percent]')?.textContent),
          words: wordsOf(card).replace(/\s+/g, ' '),
        };
        const key = JSON.stringify(sample);
        if (last.get(card) === key) continue;
        last.set(card, key);
        samples.push(sample);
      }
    };
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    Object.assign(window, { barSamples: samples });
  });
}

export async function barSamples(page: Page, jobId: string): Promise<BarSample[]> {
  const all = await page.evaluate(
    () => (window as unknown as { barSamples: BarSample[] }).barSamples,
  );
  return all.filter((sample) => sample.jobId === jobId);
}

/** What the card says of an attempt that is not the first. */
export const OTHER_ATTEMPT = /(continued|again|anew) from the (kept text|beginning)/i;

export interface Fall {
  from: number;
  to: number;
  /** The card had said before that another attempt goes on, or begins anew. */
  told: boolean;
}

/** Where the bar, or the number beside it, stands lower than before. Each further attempt may bring one such fall. */
export function fallsIn(samples: readonly BarSample[], key: 'percent' | 'shown' = 'percent'): Fall[] {
  const falls: Fall[] = [];
  let highest = 0;
  let attempt = 1;
  let told = false;
  for (const sample of samples) {
    const value = sample[key];
    if (value !== null && value < highest) {
      falls.push({ from: highest, to: value, told });
      told = false;
      highest = value;
    }
    highest = Math.max(highest, value ?? 0);
    // What is said only at the moment of the fall comes too late.
    if (sample.attempt > attempt && OTHER_ATTEMPT.test(sample.words)) {
      attempt = sample.attempt;
      told = true;
    }
  }
  return falls;
}

/** The bar was seen to move, and never back without a word. */
export async function expectNoFall(page: Page, jobId: string): Promise<void> {
  const samples = await barSamples(page, jobId);
  expect(new Set(samples.map((sample) => sample.percent)).size).toBeGreaterThan(1);
  const falls = [...fallsIn(samples), ...fallsIn(samples, 'shown')];
  expect(falls.filter((fall) => !fall.told)).toEqual([]);
}
