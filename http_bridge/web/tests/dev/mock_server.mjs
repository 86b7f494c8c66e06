// A stand-in for the bridge, for looking at the page without the services: one job for each state
// under a fixed id, and jobs that really run when a prompt is submitted. It serves the built page.
//
//   npm run build && node tests/dev/mock_server.mjs [port]
//
// MOCK_SIMULATED=0 hides the simulator's badge, MOCK_EMPTY=1 knows no jobs, MOCK_LIST_FAILS=1
// refuses the list.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const dist = new URL('../../dist/', import.meta.url);
const started = Date.now();
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const STORY = `The sky is blue because air scatters short waves of light more than long ones.

Sunlight looks white, but it is a mixture of all colours. When it enters the air it meets molecules that are much smaller than its waves. They send a little of it in every direction, and how much depends strongly on the colour: blue is scattered about five times as much as red.

So wherever you look, away from the sun, some of that scattered blue comes to your eye. In the evening the light has to pass through much more air; most of the blue is gone by then, and what is left is orange and red.

Things to try at home:
  1. Fill a glass with water and add three drops of milk.
  2. Shine a torch through it in a dark room.
  3. Look from the side, then straight at the light.

From the side the water looks faintly blue; from the front the light looks yellow. It is the same effect: grüße aus der Küche, 空は青い, <b>not bold</b>.
`;

const base = {
  status: 'processing',
  progress: 0,
  current_tokens: 0,
  tokens_per_second: 0,
  elapsed_time: 0,
  estimated_remaining: null,
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  content_length: 0,
  chars_per_second: 0,
  timestamp: 0,
  state: 'processing',
  phase: null,
  queue_position: 0,
  queue_size: 0,
  expected_wait: null,
  attempt: 1,
  failures: 0,
  max_failures: 3,
  version: 2,
  sequence: 1,
  eta_low: null,
  eta_high: null,
  estimated: true,
  retry_at: null,
  reason: null,
  message: null,
  model: 'qwen3:8b',
  first_token_ms: null,
  held: false,
};

const generating = {
  phase: 'generating',
  progress: 46,
  current_tokens: 230,
  tokens_per_second: 14.2,
  elapsed_time: 16200,
  estimated_remaining: 19800,
  eta_low: 16000,
  eta_high: 24000,
  first_token_ms: 840,
};

/** The fixed jobs: what their stream says, and which part of the text it has. */
const SCENES = {
  job_generating: { ...generating, text: 0.5 },
  job_unsure: { ...generating, progress: 12, eta_low: 50000, eta_high: 170000, text: 0.1 },
  job_queued: {
    state: 'queued',
    status: 'queued',
    attempt: 0,
    queue_position: 3,
    queue_size: 8,
    expected_wait: 118000,
  },
  job_held: {
    state: 'queued',
    status: 'queued',
    attempt: 0,
    held: true,
    queue_position: 1,
    queue_size: 2,
  },
  job_loading: { phase: 'loading', elapsed_time: 3100 },
  job_prompt: { phase: 'prompt', elapsed_time: 900 },
  job_thinking: { ...generating, phase: 'thinking', progress: 9, thinking: 1 },
  job_finalizing: { ...generating, phase: 'finalizing', progress: 97, text: 1 },
  job_retrying: {
    state: 'queued',
    status: 'queued',
    failures: 1,
    retry_at: 9,
    reason: 'MODEL_SERVER_UNREACHABLE',
    message: 'The model server does not answer',
    text: 0.2,
    current_tokens: 61,
    elapsed_time: 4100,
  },
  job_paused: { ...generating, state: 'paused', status: 'queued', phase: null, text: 0.4 },
  job_unknown: { ...generating, state: 'STATE_ON_ICE', status: 'queued', phase: null },
  job_reconnecting: { ...generating, text: 0.3, cut: true },
  job_completed: {
    ...generating,
    state: 'completed',
    status: 'completed',
    phase: null,
    progress: 100,
    current_tokens: 512,
    prompt_tokens: 45,
    completion_tokens: 512,
    total_tokens: 557,
    estimated: false,
    tokens_per_second: 14.36,
    elapsed_time: 36820,
    text: 1,
    thinking: 1,
  },
  job_failed: {
    ...generating,
    state: 'failed',
    status: 'failed',
    phase: null,
    failures: 3,
    reason: 'MODEL_SERVER_UNREACHABLE',
    message: 'The model server closed the connection in the middle of the answer',
    text: 0.3,
  },
  job_cancelled: { ...generating, state: 'cancelled', status: 'failed', phase: null, text: 0.25 },
  job_expired: { state: 'expired', status: 'failed', attempt: 0, reason: 'WAITING_DEADLINE' },
};

const prompts = {
  job_failed:
    'Write a bash script that keeps the last seven backups of a folder, and explain each line of it to somebody who has never seen a shell before',
  job_completed: 'Explain to a curious child why the sky is blue.',
  job_queued: 'Compare tea and coffee in a table with five rows.',
};
const promptOf = (id) =>
  live.get(id)?.prompt ??
  prompts[id] ??
  'Explain to a curious child why the sky is blue.\nUse short sentences.';

/** Jobs that were submitted here: id to {prompt, model, at, cancelledAt}. */
const live = new Map();
const RATE = 25;
const words = STORY.split(/(?<=\s)/);

function liveSnapshot(job) {
  const end = job.cancelledAt ?? Date.now();
  const ms = end - job.at;
  const sequence = Math.floor(ms / 50);
  const common = { ...base, model: job.model, sequence };
  let result;
  const run = ms - 2000;
  const firstToken = 1800;
  const tokens = Math.min(
    words.length,
    Math.max(0, Math.floor(((run - firstToken) / 1000) * RATE)),
  );
  const all = (words.length / RATE) * 1000 + firstToken;
  if (ms < 2000) {
    result = {
      ...common,
      version: 1,
      attempt: 0,
      state: 'queued',
      status: 'queued',
      queue_position: ms < 1000 ? 2 : 1,
      queue_size: 2,
      expected_wait: 2000 - ms,
    };
  } else if (run < firstToken) {
    result = { ...common, phase: run < 1000 ? 'loading' : 'prompt', elapsed_time: run };
  } else if (run < all + 400) {
    const left = Math.max(0, all - run);
    result = {
      ...common,
      phase: run < all ? 'generating' : 'finalizing',
      elapsed_time: run,
      first_token_ms: firstToken,
      current_tokens: tokens,
      tokens_per_second: RATE + Math.sin(ms / 700),
      progress: run < all ? 5 + Math.floor((85 * tokens) / words.length) : 96,
      estimated_remaining: left,
      eta_low: left * 0.7,
      eta_high: left * 1.4,
    };
  } else {
    result = {
      ...common,
      version: 3,
      state: 'completed',
      status: 'completed',
      progress: 100,
      elapsed_time: all + 400,
      first_token_ms: firstToken,
      current_tokens: words.length,
      completion_tokens: words.length,
      prompt_tokens: 12,
      total_tokens: words.length + 12,
      tokens_per_second: RATE,
      estimated: false,
    };
  }
  if (job.cancelledAt && result.state !== 'completed') {
    result = { ...result, version: 4, state: 'cancelled', status: 'failed', phase: null };
  }
  return { ...result, text: tokens / words.length };
}

function snapshotOf(id) {
  const now = Date.now();
  const stamp = { job_id: id, timestamp: Math.floor(now / 1000), server_time_ms: now, cursor: 'c' };
  if (live.has(id)) return { ...liveSnapshot(live.get(id)), ...stamp };
  const scene = SCENES[id];
  if (!scene) return null;
  const snapshot = { ...base, ...scene, ...stamp };
  if (scene.retry_at) snapshot.retry_at = new Date(started + 3_600_000).toISOString();
  if (scene.retry_at) snapshot.server_time_ms = started + 3_600_000 - 4000;
  if (snapshot.state === 'processing' && !scene.cut)
    snapshot.elapsed_time += (now - started) % 5000;
  return snapshot;
}

const ended = (state) => ['completed', 'failed', 'cancelled', 'expired'].includes(state);

function stream(id, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  let cursor = 0;
  const send = (event, data) =>
    response.write(`id: ${++cursor}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const texts = { answer: 0, thinking: 0 };
  const sendText = (channel, text) => {
    const bytes = Buffer.from(text);
    if (bytes.length <= texts[channel]) return;
    send('text', {
      job_id: id,
      attempt: 1,
      channel,
      text_offset: texts[channel],
      text_end: bytes.length,
      text: bytes.subarray(texts[channel]).toString(),
    });
    texts[channel] = bytes.length;
  };
  const tick = () => {
    const snapshot = snapshotOf(id);
    if (!snapshot) {
      send('error', { error: 'Job not found' });
      response.end();
      return true;
    }
    if (snapshot.thinking)
      sendText(
        'thinking',
        'The reader is a child, so the answer must be short and use things that can be seen.\nStart with the light, then the air.\n',
      );
    sendText('answer', words.slice(0, Math.round(words.length * (snapshot.text ?? 0))).join(''));
    if (ended(snapshot.state)) {
      send(snapshot.state === 'completed' ? 'complete' : 'error', {
        ...snapshot,
        ...(snapshot.status === 'failed' && { error: snapshot.message ?? 'Generation ended' }),
      });
      response.end();
      return true;
    }
    send('progress', snapshot);
    if (snapshot.cut) {
      setTimeout(() => response.destroy(), 300);
      return true;
    }
    return false;
  };
  if (tick()) return;
  const timer = setInterval(() => tick() && clearInterval(timer), 100);
  response.on('close', () => clearInterval(timer));
}

function restJob(id) {
  const s = snapshotOf(id);
  if (!s) return null;
  const age =
    { job_generating: 20, job_queued: 40, job_completed: 4000, job_failed: 90000 }[id] ?? 600;
  const created = live.get(id)?.at ?? started - age * 1000;
  return {
    job_id: id,
    owner_id: 'dev',
    state: s.state.startsWith('STATE_') ? s.state : `STATE_${s.state.toUpperCase()}`,
    version: s.version,
    spec: { prompt: promptOf(id), model: s.model, priority: 'PRIORITY_NORMAL' },
    create_time: new Date(created).toISOString(),
    start_time: s.attempt > 0 ? new Date(created + 2000).toISOString() : null,
    end_time: ended(s.state) ? new Date(created + 2000 + s.elapsed_time).toISOString() : null,
    retry_time: s.retry_at,
    attempt: s.attempt,
    failures: s.failures,
    max_failures: 3,
    reason: s.reason ?? '',
    error_message: s.message ?? '',
    numbers: {
      percent: s.progress,
      current_tokens: s.current_tokens,
      tokens_estimated: s.estimated,
      tokens_per_second: s.tokens_per_second,
      elapsed_ms: Math.floor(s.elapsed_time),
      ...(ended(s.state) && {
        prompt_tokens: s.prompt_tokens,
        completion_tokens: s.completion_tokens || s.current_tokens,
        total_tokens: s.total_tokens,
      }),
    },
  };
}

function listed() {
  if (process.env.MOCK_EMPTY === '1') return [];
  return [...[...live.keys()].reverse(), ...Object.keys(SCENES)];
}

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

const cutOnce = new Set();

async function api(request, response, url) {
  const json = (status, value) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const missing = () => json(404, { code: 5, message: 'There is no such job.', details: [] });
  const [, id, what] =
    /^\/api\/v1\/ai\/generation\/([^/]+)\/(progress|status)$/.exec(url.pathname) ?? [];
  if (what === 'progress') {
    if (SCENES[id]?.cut && cutOnce.has(id)) return response.destroy();
    if (SCENES[id]?.cut) cutOnce.add(id);
    return stream(id, response);
  }
  if (what === 'status') {
    const job = snapshotOf(id);
    return job ? json(200, { success: true, job }) : json(404, { error: 'Job not found' });
  }
  if (url.pathname === '/api/v1/models') {
    return json(200, {
      models: [
        {
          name: 'qwen3:8b',
          parameter_size: '8.2B',
          size_bytes: 5.2e9,
          context_length: 40960,
          loaded: true,
          capabilities: ['completion', 'thinking'],
        },
        {
          name: 'llama3.2:3b',
          parameter_size: '3.2B',
          size_bytes: 2.0e9,
          context_length: 131072,
          loaded: false,
          capabilities: ['completion'],
        },
        {
          name: 'nomic-embed-text:latest',
          parameter_size: '137M',
          size_bytes: 2.7e8,
          loaded: false,
          capabilities: ['embedding'],
        },
      ],
      servers: [
        { url: 'http://127.0.0.1:11434', version: '0.12.0', simulated: true, reachable: true },
      ],
      default_model: 'qwen3:8b',
      simulated: process.env.MOCK_SIMULATED !== '0',
    });
  }
  if (url.pathname === '/api/v1/ai/generate' && request.method === 'POST') {
    const { prompt, model } = await body(request);
    if (prompt === 'refuse') {
      return json(400, {
        success: false,
        error: 'The request is not valid.',
        code: 'INVALID_ARGUMENT',
        field_violations: [{ field: 'prompt', description: 'must say more than "refuse"' }],
      });
    }
    const jobId = `job_${Date.now().toString(16).padStart(32, '0')}`;
    live.set(jobId, { prompt, model: model ?? 'qwen3:8b', at: Date.now() });
    return json(202, { success: true, data: { job: { job_id: jobId, status: 'queued' } } });
  }
  if (url.pathname === '/api/v1/jobs') {
    if (process.env.MOCK_LIST_FAILS === '1')
      return json(503, {
        code: 14,
        message: 'The ledger does not answer.',
        details: [{ reason: 'LEDGER_UNAVAILABLE' }],
      });
    const from = Number(url.searchParams.get('page_token') ?? 0);
    const ids = listed();
    return json(200, {
      jobs: ids.slice(from, from + 12).map(restJob),
      next_page_token: from + 12 < ids.length ? String(from + 12) : '',
    });
  }
  const [, jobId, verb] = /^\/api\/v1\/jobs\/([^/:]+)(:cancel)?$/.exec(url.pathname) ?? [];
  if (jobId === undefined || !snapshotOf(jobId)) return missing();
  if (verb === ':cancel' && live.has(jobId)) live.get(jobId).cancelledAt = Date.now();
  return json(200, { job: restJob(jobId) });
}

async function file(response, path) {
  const name = path === '/docs' ? 'docs.html' : path.slice(1);
  const found = name !== '' && extname(name) !== '' && !name.includes('..') ? name : 'index.html';
  try {
    const bytes = await readFile(new URL(found, dist));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(found)] ?? 'application/octet-stream',
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/openapi.json') {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'Genwatch', version: '1' },
        paths: {
          '/api/v1/jobs': {
            get: {
              summary: 'The jobs of the caller, newest first',
              responses: { 200: { description: 'A page of jobs' } },
            },
            post: { summary: 'Submits a job', responses: { 200: { description: 'The job' } } },
          },
        },
      }),
    );
  } else if (url.pathname.startsWith('/api/')) {
    void api(request, response, url);
  } else {
    void file(response, url.pathname);
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
