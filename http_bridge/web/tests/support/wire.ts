/** Messages as the bridge writes them, with what a test cares about replaced. */
export const SERVER_START = 1_730_491_234_000;

type Fields = Record<string, unknown>;

export function progress(fields: Fields = {}): Fields {
  return {
    status: 'processing',
    progress: 0,
    current_tokens: 0,
    tokens_per_second: 0.0,
    elapsed_time: 0,
    estimated_remaining: null,
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    content_length: 0,
    chars_per_second: 0.0,
    timestamp: SERVER_START / 1000,
    job_id: 'job_1',
    state: 'processing',
    phase: 'generating',
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
    server_time_ms: SERVER_START,
    model: 'qwen3:8b',
    first_token_ms: null,
    cursor: 'c',
    held: false,
    priority: 'normal',
    retry_of: null,
    retried_as: null,
    resume_mode: null,
    phases: {},
    state_since_ms: null,
    ...fields,
  };
}

export const queued = (fields: Fields = {}): Fields =>
  progress({
    status: 'queued',
    state: 'queued',
    phase: null,
    attempt: 0,
    version: 1,
    sequence: 0,
    ...fields,
  });

export const generating = (fields: Fields = {}): Fields =>
  progress({
    progress: 45,
    current_tokens: 230,
    tokens_per_second: 14.2,
    elapsed_time: 16200,
    estimated_remaining: 20000,
    eta_low: 17000,
    eta_high: 23000,
    ...fields,
  });

/** The last messages of a job repeat few of the numbers. */
const NOT_AT_THE_END = [
  'progress',
  'current_tokens',
  'tokens_per_second',
  'estimated_remaining',
  'prompt_tokens',
  'completion_tokens',
  'content_length',
  'chars_per_second',
  'timestamp',
];

function last(fields: Fields): Fields {
  const kept = Object.entries(progress()).filter(([key]) => !NOT_AT_THE_END.includes(key));
  return { ...Object.fromEntries(kept), phase: null, sequence: 0, ...fields };
}

export const complete = (fields: Fields = {}): Fields =>
  last({
    status: 'completed',
    state: 'completed',
    version: 3,
    total_tokens: 275,
    elapsed_time: 36000,
    ...fields,
  });

export const failed = (fields: Fields = {}): Fields =>
  last({
    status: 'failed',
    error: 'The model server does not answer',
    state: 'failed',
    version: 4,
    failures: 3,
    reason: 'MODEL_SERVER_UNREACHABLE',
    message: 'The model server does not answer',
    ...fields,
  });

/** A job as the gateway writes it. */
export function restJob(fields: Fields = {}): Fields {
  return {
    job_id: 'job_1',
    owner_id: 'dev',
    state: 'STATE_PROCESSING',
    version: 2,
    spec: { prompt: 'Why is the sky blue?', model: 'qwen3:8b', priority: 'PRIORITY_NORMAL' },
    create_time: '2026-01-02T03:04:05Z',
    start_time: '2026-01-02T03:04:07Z',
    end_time: null,
    retry_time: null,
    attempt: 1,
    failures: 0,
    max_failures: 3,
    reason: '',
    error_message: '',
    numbers: { percent: 44.6, current_tokens: 200, tokens_estimated: true, elapsed_ms: 14000 },
    ...fields,
  };
}

export const models = (fields: Fields = {}): Fields => ({
  models: [
    {
      name: 'qwen3:8b',
      parameter_size: '8.2B',
      size_bytes: 5.2e9,
      context_length: 40960,
      loaded: true,
      capabilities: ['completion', 'thinking'],
    },
    { name: 'nomic-embed-text', capabilities: ['embedding'], size_bytes: 2.7e8 },
  ],
  servers: [{ url: 'http://127.0.0.1:11434', version: '0.12', simulated: false, reachable: true }],
  default_model: 'qwen3:8b',
  simulated: false,
  ...fields,
});
