import type { VueWrapper } from '@vue/test-utils';
import { flushPromises, mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Component } from 'vue';
import { defineComponent, h } from 'vue';
import { AIGenerationProgress, createGenwatch } from '@genwatch/vue';
import type { Job, SnapshotPatch } from '@genwatch/client';
import { ApiError, parseJob, parseSnapshot } from '@genwatch/client';
import { byTest } from '@support/mount';
import { complete, failed, generating, queued, restJob } from '@support/wire';
import { FakeWatch } from './support/fake_watch';

/** Every watch that was asked for, in order. */
let watches: FakeWatch[];
let retry: (jobId: string) => Promise<Job>;

interface Exposed {
  startTracking: () => void;
  stopTracking: () => void;
  progress: number;
  state: string;
  text: string;
}

const source = {
  watch: (jobId: string) => {
    const watch = new FakeWatch(jobId);
    watches.push(watch);
    return watch;
  },
  order: () => Promise.reject(new ApiError('No.', 409)),
  retry: (jobId: string) => retry(jobId),
};

const plugins = [createGenwatch({ source })];

function show(props: Record<string, unknown> = {}, slots: Record<string, string> = {}): VueWrapper {
  return mount(AIGenerationProgress as Component, {
    props: { jobId: 'job_1', ...props },
    slots,
    global: { plugins },
    attachTo: document.body,
  }) as VueWrapper;
}

const started = (): FakeWatch => {
  const watch = watches.findLast((each) => each.started > 0);
  if (watch === undefined) throw new Error('nothing was started');
  return watch;
};

async function tell(message: Record<string, unknown> | SnapshotPatch): Promise<void> {
  started().connect('live');
  started().learn('state' in message && 'status' in message ? parseSnapshot(message) : message);
  await flushPromises();
}

const exposed = (card: VueWrapper): Exposed => card.vm as unknown as Exposed;
const stateOf = (card: VueWrapper): string => card.get(byTest('job-state')).text();

beforeEach(() => {
  watches = [];
  retry = () => Promise.reject(new ApiError('No.', 409));
});

describe('AIGenerationProgress', () => {
  it('watches the job from the beginning', async () => {
    const card = show();
    expect(started().jobId).toBe('job_1');
    expect(stateOf(card)).toBe('Connecting');
    await tell(generating());
    expect(stateOf(card)).toBe('Generating');
  });

  it('with autoStart off watches from startTracking on', async () => {
    const card = show({ autoStart: false });
    expect(watches.filter((watch) => watch.started > 0)).toHaveLength(0);
    expect(stateOf(card)).toBe('Not watching');
    exposed(card).startTracking();
    exposed(card).startTracking();
    expect(watches.filter((watch) => watch.started > 0)).toHaveLength(1);
    await tell(generating());
    expect(stateOf(card)).toBe('Generating');
  });

  it('after stopTracking keeps what it shows, and offers nothing', async () => {
    const card = show();
    await tell(generating());
    expect(card.find(byTest('job-cancel')).exists()).toBe(true);
    exposed(card).stopTracking();
    await flushPromises();
    expect(started().stopped).toBe(1);
    expect(card.get(byTest('job-percent')).text()).toBe('45%');
    expect(card.get(byTest('connection-state')).text()).toContain('Not watching');
    expect(card.find(byTest('job-cancel')).exists()).toBe(false);
  });

  it('stops watching when it goes away', () => {
    const card = show();
    card.unmount();
    expect(started().stopped).toBe(1);
  });

  it('tells progress, state and text to who holds it', async () => {
    const card = show();
    expect(exposed(card)).toMatchObject({ progress: 0, text: '' });
    await tell(generating());
    started().write('The sky');
    await flushPromises();
    expect(exposed(card)).toMatchObject({ progress: 45, state: 'processing', text: 'The sky' });
  });

  it('shows modelName until the job tells its own', async () => {
    const card = show({ modelName: 'deepseek-coder:6.7b' });
    expect(card.text()).toContain('deepseek-coder:6.7b');
    await tell(generating({ model: 'qwen3:8b' }));
    expect(card.text()).toContain('qwen3:8b');
    expect(card.text()).not.toContain('deepseek-coder');
  });

  it('emits complete once, with the names of the first system', async () => {
    const card = show();
    await tell(generating({ prompt_tokens: 45, completion_tokens: 230 }));
    await tell(complete());
    await tell(complete());
    expect(card.emitted('complete')).toEqual([
      [
        {
          status: 'completed',
          job_id: 'job_1',
          prompt_tokens: 45,
          completion_tokens: 230,
          total_tokens: 275,
          elapsed_time: 36_000,
        },
      ],
    ]);
    expect(card.emitted('error')).toBeUndefined();
  });

  it('seed defect 31: emits error when the job failed, not when the connection did', async () => {
    const card = show();
    await tell(generating());
    for (const connection of ['reconnecting', 'offline', 'stale', 'live'] as const) {
      started().connect(connection);
      await flushPromises();
      expect(stateOf(card)).toBe('Generating');
    }
    expect(card.emitted('error')).toBeUndefined();
    await tell(failed());
    expect(card.emitted('error')).toEqual([['The model server does not answer.']]);
    expect(stateOf(card)).toBe('Failed');
  });

  it('emits error for a job that is not there, and says so calmly', async () => {
    const card = show();
    started().lose();
    await flushPromises();
    expect(card.emitted('error')).toEqual([['No such job']]);
    expect(card.get(byTest('job-missing')).text()).toContain('It may have been deleted');
  });

  it('seed defect 34: all that show one job share one watch', async () => {
    const Page = defineComponent({
      setup: () => () => [
        h(AIGenerationProgress, { jobId: 'job_1' }),
        h(AIGenerationProgress, { jobId: 'job_1', compact: true }),
        h(AIGenerationProgress, { jobId: 'job_1' }),
      ],
    });
    const page = mount(Page, { global: { plugins } });
    expect(watches.filter((watch) => watch.started > 0)).toHaveLength(1);
    await tell(generating());
    expect(page.findAll(byTest('job-percent')).map((each) => each.text())).toEqual([
      '45%',
      '45%',
      '45%',
    ]);
    page.unmount();
    expect(started().stopped).toBe(1);
  });

  it('follows the new job after a retry, and says which', async () => {
    const card = show();
    await tell(failed());
    retry = (jobId) => {
      expect(jobId).toBe('job_1');
      return Promise.resolve(parseJob(restJob({ job_id: 'job_2' })) as Job);
    };
    await card.get(byTest('job-retry')).trigger('click');
    await flushPromises();
    expect(card.emitted('retried')).toEqual([['job_2']]);
    expect(started().jobId).toBe('job_2');
    expect(card.get(byTest('job-card')).attributes('data-job-id')).toBe('job_2');
    // A parent that puts the new id into the prop starts nothing anew.
    await card.setProps({ jobId: 'job_2' });
    expect(watches.filter((watch) => watch.started > 0)).toHaveLength(2);
    await tell(complete({ job_id: 'job_2' }));
    expect(card.emitted('complete')).toHaveLength(1);
  });

  it('says why a retry was refused', async () => {
    const card = show();
    await tell(failed());
    await card.get(byTest('job-retry')).trigger('click');
    await flushPromises();
    expect(card.get('[role="alert"]').text()).toBe('The job was not retried. No.');
    expect(card.emitted('retried')).toBeUndefined();
  });

  it('follows its prop to another job', async () => {
    const card = show();
    await card.setProps({ jobId: 'job_9' });
    expect(started().jobId).toBe('job_9');
    expect(watches.find((watch) => watch.jobId === 'job_1' && watch.started > 0)?.stopped).toBe(1);
  });

  it('lets slots take the place of its parts', async () => {
    const card = show(
      {},
      {
        title: '<h3>Mine</h3>',
        tokens: '<b>{{ params.value }} words</b>',
        text: '<i>my text</i>',
        actions: '<u>my buttons</u>',
        footer: '<s>the end</s>',
      },
    );
    await tell(generating());
    started().write('The sky');
    await flushPromises();
    expect(card.get('h3').text()).toBe('Mine');
    expect(card.get(byTest('job-tokens')).get('b').text()).toBe('230 words');
    await vi.waitFor(() => {
      expect(card.get('i').text()).toBe('my text');
    });
    expect(card.get('u').text()).toBe('my buttons');
    expect(card.get('s').text()).toBe('the end');
    expect(card.find(byTest('job-text')).exists()).toBe(false);
    expect(card.find(byTest('job-cancel')).exists()).toBe(false);
    // The others stand where they stood.
    expect(card.get(byTest('job-elapsed')).text()).toContain('16.2 s');
  });

  it('speaks the language of its prop, else of the document', async () => {
    const card = show({ locale: 'de' });
    const other = show();
    await vi.dynamicImportSettled();
    await tell(generating());
    expect(stateOf(card)).toBe('Schreibt');
    expect(card.get(byTest('job-elapsed')).text()).toContain('16,2 s');
    expect(stateOf(other)).toBe('Generating');
    document.documentElement.lang = 'ar';
    await vi.waitFor(() => {
      expect(stateOf(other)).toBe('يكتب');
    });
    expect(stateOf(card)).toBe('Schreibt');
  });
});

describe('a restart', () => {
  it('is said in words before the bar falls', async () => {
    vi.useFakeTimers();
    const card = show();
    const bar = (): string | null =>
      card.get('[role="progressbar"]').element.getAttribute('aria-valuenow');
    await tell(generating());
    expect(bar()).toBe('45');
    await tell(queued({ version: 3, attempt: 1, failures: 1, retry_at: '2030-01-01T00:00:00Z' }));
    expect(bar()).toBe('45');
    const again = { version: 4, attempt: 2, failures: 1, resume_mode: 'restarted', progress: 8 };
    await tell(generating(again));
    expect(card.get(byTest('job-attempt')).text()).toBe(
      'attempt 2 of 3, started again from the beginning',
    );
    expect(card.get('[aria-live="polite"]').text()).toContain('from the beginning');
    expect(bar()).toBe('45');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bar()).toBe('8');
  });

  it('that goes on from the kept text says that, too', async () => {
    const card = show();
    await tell(generating({ attempt: 2, failures: 1, resume_mode: 'continued' }));
    expect(card.get(byTest('job-attempt')).text()).toBe(
      'attempt 2 of 3, continued from the kept text',
    );
  });
});
