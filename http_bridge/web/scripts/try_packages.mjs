// Uses the packages as a stranger would: packs them, installs them into a Vite application that knows
// nothing of this repository, type-checks and builds it, looks at it in a browser, and runs the example
// for Node. They are to be built (build_packages.mjs).
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withTarballs } from './tarballs.mjs';

const web = fileURLToPath(new URL('../', import.meta.url));
const JOB = 'job_0123456789abcdef0123456789abcdef';
const TEXT = 'Blue light is scattered more than red.';
const DEADLINE_MS = 60_000;
const CHROMIUM_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
];

const versionOf = (name) =>
  `${name}@${JSON.parse(readFileSync(join(web, `node_modules/${name}/package.json`), 'utf8')).version}`;

function frame(event, data) {
  return `event: ${event}\ndata: ${JSON.stringify({ job_id: JOB, ...data })}\n\n`;
}

const running = { attempt: 1, version: 2, sequence: 1, status: 'processing', state: 'processing' };
const done = { attempt: 1, version: 3, sequence: 0, status: 'completed', state: 'completed' };
const STREAM = [
  ': ok\n\n',
  frame('progress', { ...running, phase: 'generating', progress: 40, cursor: 'c1' }),
  frame('text', {
    channel: 'answer',
    attempt: 1,
    text_offset: 0,
    text_end: TEXT.length,
    text: TEXT,
    cursor: 'c2',
  }),
  frame('complete', { ...done, total_tokens: 275, elapsed_time: 36_000, cursor: 'c3' }),
].join('');

/** A bridge that has one job, and the pages of the application. `onSeen`: what the page told. */
async function serve(dist, onSeen) {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://server');
    const answer = (status, type, body) => {
      response.writeHead(status, { 'Content-Type': type }).end(body);
    };
    if (pathname === '/seen') {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        answer(204, 'text/plain', '');
        onSeen(JSON.parse(body));
      });
    } else if (pathname === '/api/v1/ai/generate') {
      answer(202, 'application/json', JSON.stringify({ data: { job: { job_id: JOB } } }));
    } else if (pathname === '/api/v1/ai/generation/progress') {
      answer(200, 'text/event-stream', STREAM);
    } else if (pathname.startsWith('/api/')) {
      answer(404, 'application/json', '{"error":"Not found"}');
    } else {
      try {
        const file = join(dist, normalize(pathname === '/' ? '/index.html' : pathname));
        answer(200, types[extname(file)] ?? 'application/octet-stream', readFileSync(file));
      } catch {
        answer(404, 'text/plain', 'Not found');
      }
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

function expect(what, holds) {
  if (!holds) throw new Error(`expected: ${what}`);
  console.log(`ok: ${what}`);
}

/** What the page shows in the end. */
async function look(dist) {
  let tell;
  const seen = new Promise((resolve) => (tell = resolve));
  const { url, close } = await serve(dist, (what) => tell(what));
  const profile = mkdtempSync(join(tmpdir(), 'genwatch-chromium.'));
  const chromium = spawn(
    process.env.CHROMIUM ?? '/usr/bin/chromium',
    [...CHROMIUM_ARGS, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url],
    { stdio: 'ignore', detached: true },
  );
  const failed = new Promise((_resolve, reject) => {
    chromium.once('error', reject);
    setTimeout(() => reject(new Error('the page told nothing')), DEADLINE_MS).unref();
  });
  try {
    return await Promise.race([seen, failed]);
  } finally {
    const gone = new Promise((resolve) => chromium.once('exit', resolve));
    try {
      process.kill(-chromium.pid, 'SIGKILL');
      await gone;
    } catch {
      // It did not start.
    }
    close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'genwatch-scratch.'));
const npm = (...args) => execFileSync('npm', args, { cwd: scratch, stdio: 'inherit' });
try {
  cpSync(join(web, 'scripts/scratch_app'), scratch, { recursive: true });
  await withTarballs(({ client, vue }) => {
    const tools = ['vite', '@vitejs/plugin-vue', 'typescript', 'vue-tsc'].map(versionOf);
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    npm('install', ...quiet, client, vue, versionOf('vue'), ...tools);
  });
  npm('run', '--silent', 'build');

  const { text, exposed } = await look(join(scratch, 'dist'));
  expect('the card shows the text', text.includes(TEXT));
  expect('the card shows the tokens', text.includes('275'));
  expect('the card exposes the text', exposed === TEXT);

  cpSync(join(web, '../../docs/examples/watch.mjs'), join(scratch, 'watch.mjs'));
  const { url, close } = await serve(scratch, () => undefined);
  const example = spawn(process.execPath, ['watch.mjs', 'Why?', url], { cwd: scratch });
  let output = '';
  example.stdout.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => example.once('close', resolve));
  close();
  expect('the example for Node writes the text', code === 0 && output === TEXT);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
