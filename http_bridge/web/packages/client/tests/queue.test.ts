import { describe, expect, it } from 'vitest';
import { holdModel, parseQueues, readQueue, releaseModel, setPriority } from '../src/queue';
import { FakeServer } from '@support/fake_server';

const entry = {
  job_id: '',
  state: 'STATE_QUEUED',
  queue_position: 2,
  priority: 'PRIORITY_UNSPECIFIED',
  create_time: '2026-11-23T01:00:00Z',
  percent: 0,
  mine: false,
};

describe('queue', () => {
  it('is read of one model or of all', async () => {
    const server = new FakeServer().on('GET /api/v1/queue', { body: { queues: [] } });
    await readQueue();
    await readQueue('library/llama3:8b');
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/api/v1/queue',
      '/api/v1/queue?model=library%2Fllama3%3A8b',
    ]);
  });

  it('tells where jobs of others stand, and no more', () => {
    const { queues, callerIsOperator } = parseQueues({
      queues: [
        {
          model: 'm',
          held: true,
          hold_note: 'new weights',
          hold_time: '2026-11-23T01:00:00Z',
          waiting: 2,
          running: 1,
          entries: [
            { ...entry, job_id: 'job_1', priority: 'PRIORITY_HIGH', mine: true, percent: 40 },
            { ...entry, expected_wait_ms: 12000 },
          ],
        },
        'nonsense',
      ],
    });
    expect(callerIsOperator).toBe(false);
    expect(queues).toHaveLength(1);
    expect(queues[0]).toMatchObject({
      model: 'm',
      held: true,
      holdNote: 'new weights',
      heldSince: Date.UTC(2026, 10, 23, 1),
      waiting: 2,
      running: 1,
      retrying: 0,
      expectedWaitMs: null,
    });
    expect(queues[0]?.entries[0]).toMatchObject({ jobId: 'job_1', priority: 'high', percent: 40 });
    expect(queues[0]?.entries[1]).toEqual({
      jobId: null,
      state: 'queued',
      position: 2,
      priority: null,
      expectedWaitMs: 12000,
      createdAt: Date.UTC(2026, 10, 23, 1),
      percent: 0,
      mine: false,
    });
  });

  it('names the jobs of others to an operator', () => {
    const { queues, callerIsOperator } = parseQueues({
      caller_is_operator: true,
      queues: [
        { model: 'm', entries: [{ ...entry, job_id: 'job_2', priority: 'PRIORITY_NORMAL' }] },
      ],
    });
    expect(callerIsOperator).toBe(true);
    expect(queues[0]?.entries[0]).toMatchObject({
      jobId: 'job_2',
      priority: 'normal',
      mine: false,
    });
  });

  it('is held and released by the name of the model, slashes and all', async () => {
    const server = new FakeServer()
      .on('POST /api/v1/models/library/llama3%3A8b:hold', { body: {} })
      .on('POST /api/v1/models/library/llama3%3A8b:release', { body: {} });
    await holdModel('library/llama3:8b', 'new weights');
    await releaseModel('library/llama3:8b');
    expect(server.seen.map(({ body }) => body)).toEqual([{ note: 'new weights' }, undefined]);
  });

  it('moves a job by its priority', async () => {
    const server = new FakeServer().on('PATCH /api/v1/jobs/job_2', {
      body: {
        job: { job_id: 'job_2', state: 'STATE_QUEUED', spec: { priority: 'PRIORITY_HIGH' } },
      },
    });
    const job = await setPriority('job_2', 'high');
    expect(server.seen[0]?.body).toEqual({ priority: 'PRIORITY_HIGH' });
    expect(job?.priority).toBe('high');
  });

  it('says who is no operator', async () => {
    new FakeServer().on('POST /api/v1/models/m:hold', {
      status: 403,
      body: { success: false, error: 'only operators may', code: 'NOT_AN_OPERATOR' },
    });
    await expect(holdModel('m')).rejects.toMatchObject({ status: 403, reason: 'NOT_AN_OPERATOR' });
  });
});
