import { beforeEach, describe, expect, it } from 'vitest';
import {
  getJob,
  getJobOutput,
  getStatus,
  listJobs,
  listModels,
  orderJob,
  submitJob,
} from '../src/api';
import type { ApiError } from '../src/api_error';
import { FakeServer } from '@support/fake_server';
import { generating, models, restJob } from '@support/wire';

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
});

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call;
  } catch (thrown) {
    return thrown as ApiError;
  }
  throw new Error('it was answered');
}

const submit = { prompt: 'Hi', model: '', priority: 'normal', requestId: 'r1' } as const;

describe('api', () => {
  it('submits a prompt and answers the id', async () => {
    server.on('POST /api/v1/ai/generate', {
      status: 202,
      body: { success: true, data: { job: { job_id: 'job_9', status: 'queued' } } },
    });
    expect(await submitJob({ ...submit, model: 'qwen3:8b' })).toBe('job_9');
    expect(server.seen[0]?.body).toEqual({
      prompt: 'Hi',
      model: 'qwen3:8b',
      priority: 'normal',
      request_id: 'r1',
    });
    await submitJob(submit);
    expect(server.seen[1]?.body).toEqual({ prompt: 'Hi', priority: 'normal', request_id: 'r1' });
  });

  it('submits what else was chosen, and nothing that was not', async () => {
    server.on('POST /api/v1/ai/generate', {
      status: 202,
      body: { success: true, data: { job: { job_id: 'job_9', status: 'queued' } } },
    });
    await submitJob({
      ...submit,
      system: 'Be short.',
      options: { num_predict: 64, temperature: 0, seed: undefined },
      think: false,
      labels: { kind: 'app' },
    });
    expect(server.seen[0]?.body).toEqual({
      prompt: 'Hi',
      priority: 'normal',
      request_id: 'r1',
      system: 'Be short.',
      options: { num_predict: 64, temperature: 0 },
      think: false,
      labels: { kind: 'app' },
    });
  });

  it('lists what fits a filter, and reads labels', async () => {
    const spec = { prompt: 'Hi', labels: { kind: 'app', __proto__: 'x', count: 3 } };
    server.on('GET /api/v1/jobs', { body: { jobs: [restJob({ spec })], next_page_token: '' } });
    const page = await listJobs(20, 't', {
      states: ['queued', 'completed'],
      labels: { kind: 'app' },
      labelKeys: ['kind'],
    });
    expect(page.jobs[0]?.labels).toEqual({ kind: 'app' });
    const query = new URLSearchParams(server.seen[0]?.path.split('?')[1]);
    expect([...query]).toEqual([
      ['page_size', '20'],
      ['page_token', 't'],
      ['states', 'STATE_QUEUED'],
      ['states', 'STATE_COMPLETED'],
      ['label_keys', 'kind'],
      ['labels[kind]', 'app'],
    ]);
  });

  it('reads a run of a stored text', async () => {
    server.on('GET /api/v1/jobs/job_1/output', {
      body: { channel: 'CHANNEL_ANSWER', offset: 4, text: 'llo', text_length: 7, complete: true },
    });
    expect(await getJobOutput('job_1', 4)).toEqual({ offset: 4, text: 'llo', textLength: 7 });
    expect(server.seen[0]?.path).toContain('channel=CHANNEL_ANSWER&offset=4');
  });

  it('reads the errors of the old routes', async () => {
    server.on('POST /api/v1/ai/generate', {
      status: 400,
      body: {
        success: false,
        error: 'The request is not valid.',
        code: 'INVALID_ARGUMENT',
        field_violations: [{ field: 'prompt', description: 'must not be blank' }],
      },
    });
    const error = await errorOf(submitJob(submit));
    expect(error).toMatchObject({
      status: 400,
      message: 'The request is not valid.',
      reason: 'INVALID_ARGUMENT',
      violations: [{ field: 'prompt', description: 'must not be blank' }],
    });
  });

  it('reads the errors of the gateway', async () => {
    server.on('POST /api/v1/jobs/job_1:cancel', {
      status: 409,
      body: {
        code: 9,
        message: 'A completed job cannot be cancelled.',
        details: [
          { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'ILLEGAL_TRANSITION' },
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            field_violations: [{ field: 'job_id', description: 'has ended' }],
          },
        ],
      },
    });
    const error = await errorOf(orderJob('job_1', 'cancel'));
    expect(error.message).toBe('A completed job cannot be cancelled.');
    expect(error.reason).toBe('ILLEGAL_TRANSITION');
    expect(error.violations).toEqual([{ field: 'job_id', description: 'has ended' }]);
  });

  it('says in words what no server said', async () => {
    server.on('GET /api/v1/models', 'unreachable');
    expect(await errorOf(listModels())).toMatchObject({
      status: 0,
      message: 'The server does not answer.',
    });
    server.on('GET /api/v1/models', { status: 502, body: '<html>Bad Gateway</html>' });
    expect((await errorOf(listModels())).message).toBe('The server is starting or has stopped.');
    server.on('GET /api/v1/models', { status: 200, body: '<html>a login page</html>' });
    expect((await errorOf(listModels())).message).toContain('something else than was asked');
  });

  it('reads a job, wrapped or not', async () => {
    server.on('GET /api/v1/jobs/job_1', { body: restJob() });
    server.on('GET /api/v1/jobs/job_2', { body: { job: restJob({ job_id: 'job_2' }) } });
    expect(await getJob('job_1')).toMatchObject({
      jobId: 'job_1',
      state: 'processing',
      prompt: 'Why is the sky blue?',
      priority: 'normal',
      percent: 45,
      tokens: 200,
      createdAt: Date.parse('2026-01-02T03:04:05Z'),
      endedAt: null,
    });
    expect((await getJob('job_2')).jobId).toBe('job_2');
  });

  it('survives jobs that are not what was promised', async () => {
    server.on('GET /api/v1/jobs', {
      body: { jobs: [null, 7, {}, { job_id: 'job_3', spec: 'x', numbers: [] }], other: 1 },
    });
    const page = await listJobs(25);
    expect(page.jobs.map((job) => [job.jobId, job.state])).toEqual([['job_3', 'unknown']]);
    expect(page.nextPageToken).toBe('');
  });

  it('passes the token of the next page on', async () => {
    server.on('GET /api/v1/jobs', { body: { jobs: [], next_page_token: '' } });
    await listJobs(25, 'a+b/c=');
    expect(server.seen[0]?.path).toBe('/api/v1/jobs?page_size=25&page_token=a%2Bb%2Fc%3D');
  });

  it('tells a job that is not there from a server that is not there', async () => {
    const path = 'GET /api/v1/ai/generation/job_1/status';
    server.on(path, { status: 404, body: { error: 'Job not found' } });
    expect(await getStatus('job_1')).toBeNull();
    server.on(path, { status: 503, body: {} });
    expect((await errorOf(getStatus('job_1'))).status).toBe(503);
    server.on(path, { body: { success: true, job: generating() } });
    expect(await getStatus('job_1')).toMatchObject({ state: 'processing', tokens: 230 });
  });

  it('reads the models', async () => {
    server.on('GET /api/v1/models', { body: models({ simulated: true }) });
    expect(await listModels()).toMatchObject({
      simulated: true,
      defaultModel: 'qwen3:8b',
      models: [{ name: 'qwen3:8b', loaded: true }, { name: 'nomic-embed-text' }],
      servers: [{ reachable: true }],
    });
  });
});
