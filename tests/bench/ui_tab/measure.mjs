// measure.mjs BASE_URL POSTS SECONDS: the wall with so many running posts in Debian's Chromium. Prints the figures.
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

// The browser tests' own Playwright.
const require = createRequire(new URL('../../e2e/package.json', import.meta.url));
const { chromium } = require('@playwright/test');

const [baseUrl, postsWord, secondsWord] = process.argv.slice(2);
const posts = Number(postsWord);
const seconds = Number(secondsWord);
/** Tokens a second of each post: the speed of a small model on one good card. */
const RATE = 20;
const MODEL = 'sim-swift:1b';

/** Answers the job's id. */
async function submit(index) {
  // Longer than the whole run.
  const prompt = `[[sim: rate=${RATE} tokens=${RATE * (seconds + 300)}]] Post number ${index}`;
  const response = await fetch(`${baseUrl}/api/v1/ai/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt, model: MODEL, labels: { kind: 'prompt' } }),
  });
  if (response.status !== 202) throw new Error(`a submit was refused: ${await response.text()}`);
  return (await response.json()).data.job.job_id;
}

async function tokensOf(jobId) {
  const response = await fetch(`${baseUrl}/api/v1/ai/generation/${jobId}/status`);
  return (await response.json()).job.current_tokens;
}

/** Until it holds; fails after two minutes. */
async function until(what, condition) {
  const deadline = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within two minutes: ${what}`);
    await delay(200);
  }
}

function figure(name, value, unit, settings = {}) {
  console.log(JSON.stringify({ name, value, unit, posts, rate: RATE, seconds, ...settings }));
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const session = await page.context().newCDPSession(page);
  const open = new Map();
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ requestId, request }) => open.set(requestId, request.url));
  for (const end of ['Network.loadingFinished', 'Network.loadingFailed']) {
    session.on(end, ({ requestId }) => open.delete(requestId));
  }

  const jobs = await Promise.all(Array.from({ length: posts }, (_, index) => submit(index)));
  await until('all posts write', async () =>
    (await Promise.all(jobs.map(tokensOf))).every((tokens) => tokens > 0),
  );
  await page.goto(baseUrl);
  const shown = page.locator('[data-testid=wall-post]');
  await shown.first().waitFor();
  // The wall has more posts when somebody goes on reading.
  await until('all posts are on the wall', async () => {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    return (await shown.count()) >= posts;
  });
  await page.evaluate(() => scrollTo(0, 0));
  await page.locator('[data-testid=job-text] .block').first().waitFor();
  // What it takes to come into being is not what it takes to be there.
  await delay(3000);

  // The same twice: time on the CPU, and time on the clock, in which a busy machine makes everything longer.
  const clock = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await clock.send('Performance.enable', { timeDomain: 'timeTicks' });
  const readOne = async (from) => {
    const { metrics } = await from.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const read = async () => ({ cpu: await readOne(session), wall: await readOne(clock), at: performance.now() });
  const before = await read();
  const textBefore = await page.locator('[data-testid=job-text]').first().textContent();
  await delay(seconds * 1000);
  const after = await read();
  const textAfter = await page.locator('[data-testid=job-text]').first().textContent();
  if (textAfter === textBefore) throw new Error('nothing came while it was measured');

  const share = (domain, name) =>
    Number(((after[domain][name] - before[domain][name]) / ((after.at - before.at) / 1e5)).toFixed(2));
  const streams = [...open.values()].filter((url) => url.includes('/progress')).length;
  if (streams !== 1) throw new Error(`${streams} streams are open in place of one`);
  figure('ui_tab_cpu_percent', share('cpu', 'TaskDuration'), 'percent', {
    script_percent: share('cpu', 'ScriptDuration'),
    layout_percent: share('cpu', 'LayoutDuration'),
    style_percent: share('cpu', 'RecalcStyleDuration'),
    wall_clock_percent: share('wall', 'TaskDuration'),
    heap_mb: Number((after.cpu.JSHeapUsedSize / 1e6).toFixed(1)),
  });
  figure('ui_tab_connections', streams, 'streams');
  for (const jobId of jobs) {
    await fetch(`${baseUrl}/api/v1/jobs/${jobId}:cancel`, { method: 'POST' });
  }
} finally {
  await browser.close();
}
