import type { VueWrapper } from '@vue/test-utils';
import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick } from 'vue';
import JobCard from '../src/components/JobCard.vue';
import { useLiveJob } from '../src/composables/use_live_job';
import { FakeEventSource } from '@support/fake_event_source';
import { FakeServer } from '@support/fake_server';
import { byTest, mountAlone } from '@support/mount';
import {
  complete,
  failed,
  generating,
  progress,
  queued,
  restJob,
  SERVER_START,
} from '@support/wire';

const Host = defineComponent({
  setup() {
    const job = useLiveJob('job_1');
    return () => h(JobCard, { job });
  },
});

let card: VueWrapper;

async function send(type: string, data: unknown): Promise<void> {
  FakeEventSource.last.send(type, data);
  // Parts that come later need more than a tick.
  await flushPromises();
}

const bar = (): Element => card.get('[role="progressbar"]').element;
const textOf = (id: string): string => card.get(byTest(id)).text();

beforeEach(() => {
  vi.useFakeTimers();
  card = mountAlone(Host);
  FakeEventSource.last.accept();
});

describe('JobCard', () => {
  it('shows the seed document its example', async () => {
    await send('progress', generating());
    expect(textOf('job-state')).toBe('Generating');
    expect(textOf('job-percent')).toBe('45%');
    expect(textOf('job-tokens')).toContain('230');
    expect(textOf('job-tokens')).toContain('estimated');
    expect(card.text()).toContain('14.2');
    expect(card.text()).toContain('16.2 s');
    expect(card.text()).toContain('about 20 s');
  });

  it('shows the percent and time left that the server told last, and reckons neither itself', async () => {
    await send('progress', generating());
    vi.advanceTimersByTime(5000);
    await nextTick();
    expect(textOf('job-percent')).toBe('45%');
    expect(card.text()).toContain('about 20 s');
    // Twice the tokens and half of the speed say otherwise: only the server knows better.
    const more = { current_tokens: 460, tokens_per_second: 7.1, estimated_remaining: 50_000 };
    await send('progress', generating({ ...more, sequence: 9, progress: 46 }));
    expect(textOf('job-percent')).toBe('46%');
    expect(card.text()).toContain('about 50 s');
  });

  it('is a progress bar for those who listen', async () => {
    await send('progress', generating());
    expect(bar().getAttribute('aria-valuenow')).toBe('45');
    expect(bar().getAttribute('aria-valuetext')).toBe('230 tokens, about 20 seconds left');
  });

  it('claims no amount where none is known', async () => {
    await send('progress', progress({ phase: 'loading', progress: 3 }));
    expect(bar().hasAttribute('aria-valuenow')).toBe(false);
    expect(bar().getAttribute('aria-valuetext')).toBe('Loading model');
    expect(textOf('job-percent')).toBe('');
  });

  it('shows place and expected wait of a waiting job', async () => {
    await send('progress', queued({ queue_position: 3, queue_size: 8, expected_wait: 118_000 }));
    expect(card.text()).toContain('3 of 8');
    expect(card.text()).toContain('about 2 min');
    await send('progress', queued({ queue_position: 2, queue_size: 7, expected_wait: 60_000 }));
    expect(card.text()).toContain('2 of 7');
  });

  it('ticks ten times a second, and stops when the connection is lost', async () => {
    await send('progress', generating({ elapsed_time: 16_200 }));
    await vi.advanceTimersByTimeAsync(100);
    expect(card.text()).toContain('16.3 s');
    await vi.advanceTimersByTimeAsync(100);
    expect(card.text()).toContain('16.4 s');
    FakeEventSource.last.break();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(card.text()).toContain('16.4 s');
    expect(textOf('connection-state')).toMatch(/^Reconnecting, last seen [34] s ago$/);
    expect(textOf('job-tokens')).toContain('230');
    expect(card.find('.gw-away').exists()).toBe(true);
  });

  it('moves the bar, and never back', async () => {
    await send('progress', generating({ progress: 45 }));
    const filled = (): string =>
      card.get<HTMLElement>('.gw-bar-fill').element.style.getPropertyValue('--gw-filled');
    expect(filled()).toBe('45%');
    await send('progress', generating({ progress: 30, sequence: 2 }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(filled()).toBe('45%');
    expect(bar().getAttribute('aria-valuenow')).toBe('45');
  });

  it('pulses while tokens arrive, and not when they do not', async () => {
    await send('progress', generating());
    await send('progress', generating({ sequence: 2, current_tokens: 231 }));
    await vi.advanceTimersByTimeAsync(200);
    expect(card.find('.gw-bar-fill.arriving').exists()).toBe(true);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(card.find('.gw-bar-fill.arriving').exists()).toBe(false);
  });

  it('announces each change of state once', async () => {
    const live = card.get('[aria-live="polite"]');
    const heard: string[] = [];
    const observer = new MutationObserver(() => heard.push(live.text()));
    observer.observe(live.element, { childList: true, characterData: true, subtree: true });
    await send('progress', generating());
    for (let sequence = 2; sequence < 9; sequence += 1) {
      await send('progress', generating({ sequence, current_tokens: 230 + sequence }));
    }
    await send('complete', complete());
    await vi.advanceTimersByTimeAsync(10);
    observer.disconnect();
    expect(heard).toEqual(['Working.', 'Completed: 238 tokens in 36.0 s.']);
  });

  it('shows the breakdown at the end', async () => {
    await send(
      'progress',
      generating({ prompt_tokens: 45, completion_tokens: 230, total_tokens: 275 }),
    );
    await send('complete', complete());
    expect(textOf('job-state')).toBe('Completed');
    expect(textOf('job-percent')).toBe('100%');
    for (const words of ['Input', '45', 'Output', '230', 'Total tokens', '275', '36.0 s']) {
      expect(card.text()).toContain(words);
    }
    expect(card.get('[data-connection]').attributes('data-connection')).toBe('done');
    expect(card.find(byTest('job-cancel')).exists()).toBe(false);
  });

  it('says what happened to a failed job, and keeps its text', async () => {
    FakeEventSource.last.text(0, 'Half an answer');
    await send('error', failed());
    expect(textOf('job-state')).toBe('Failed');
    expect(textOf('job-outcome')).toContain('The model server does not answer.');
    expect(textOf('job-outcome')).toContain('kept below (14 bytes)');
    expect(textOf('job-outcome')).toContain('MODEL_SERVER_UNREACHABLE');
    expect(textOf('job-text')).toBe('Half an answer');
  });

  it('counts down to the next attempt', async () => {
    await send(
      'progress',
      queued({
        version: 3,
        failures: 1,
        retry_at: new Date(SERVER_START + 4_000).toISOString(),
        reason: 'MODEL_SERVER_UNREACHABLE',
        message: 'The model server does not answer',
      }),
    );
    expect(card.text()).toContain('Attempt 2 of 3, in 4 s, because');
    await vi.advanceTimersByTimeAsync(1_250);
    expect(card.text()).toContain('Attempt 2 of 3, in 3 s, because');
  });

  it('cancels, and shows it before the stream says so', async () => {
    const server = new FakeServer().on('POST /api/v1/jobs/job_1:cancel', {
      body: { job: restJob({ state: 'STATE_CANCELLED', version: 3 }) },
    });
    await send('progress', generating());
    await card.get(byTest('job-cancel')).trigger('click');
    await flushPromises();
    expect(server.seen).toMatchObject([{ method: 'POST', body: {} }]);
    expect(textOf('job-state')).toBe('Cancelled');
    expect(card.find(byTest('job-cancel')).exists()).toBe(false);
  });

  it('says why it could not cancel', async () => {
    new FakeServer().on('POST /api/v1/jobs/job_1:cancel', 'unreachable');
    await send('progress', generating());
    await card.get(byTest('job-cancel')).trigger('click');
    await flushPromises();
    expect(card.get('[role="alert"]').text()).toContain('The server does not answer.');
    expect(card.get(byTest('job-cancel')).attributes('disabled')).toBeUndefined();
  });

  it('pauses a running job and resumes it', async () => {
    const server = new FakeServer()
      .on('POST /api/v1/jobs/job_1:pause', {
        body: { job: restJob({ state: 'STATE_PAUSED', version: 3 }) },
      })
      .on('POST /api/v1/jobs/job_1:resume', {
        body: { job: restJob({ state: 'STATE_QUEUED', version: 4 }) },
      });
    await send('progress', generating());
    expect(card.find(byTest('job-resume')).exists()).toBe(false);
    await card.get(byTest('job-pause')).trigger('click');
    await flushPromises();
    expect(textOf('job-state')).toBe('Paused');
    expect(card.find(byTest('job-pause')).exists()).toBe(false);
    expect(card.find(byTest('job-cancel')).exists()).toBe(true);
    await card.get(byTest('job-resume')).trigger('click');
    await flushPromises();
    expect(textOf('job-state')).toBe('Queued');
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/api/v1/jobs/job_1:pause',
      '/api/v1/jobs/job_1:resume',
    ]);
  });

  it('says why it could not pause', async () => {
    new FakeServer().on('POST /api/v1/jobs/job_1:pause', {
      status: 409,
      body: { success: false, error: 'PauseJob: job is completed', code: 'WRONG_STATE' },
    });
    await send('progress', generating());
    await card.get(byTest('job-pause')).trigger('click');
    await flushPromises();
    expect(card.get('[role="alert"]').text()).toBe(
      'The job was not paused. PauseJob: job is completed.',
    );
    expect(textOf('job-state')).toBe('Generating');
  });

  it('keeps thinking closed, and apart from the answer', async () => {
    FakeEventSource.last.text(0, 'The user wants', 'thinking');
    await send('progress', progress({ phase: 'thinking' }));
    expect(card.get('details').attributes('open')).toBeUndefined();
    expect(textOf('job-thinking')).toBe('The user wants');
    expect(card.find(byTest('job-text')).exists()).toBe(false);
  });

  it('seed defect 35: what the model writes is text, whatever it looks like', async () => {
    const evil = [
      '<img src=x onerror="alert(1)"><script>alert(2)</script>',
      '<svg onload=alert(3)> [x](javascript:alert(4)) <iframe srcdoc="<b>">',
      '\r\n\r\nevent: complete\r\ndata: {}\r\n\r\n{{ 7 * 7 }} </div></article>',
    ].join('\n');
    FakeEventSource.last.text(0, evil);
    await send('progress', generating());
    const box = card.get(byTest('job-text')).element;
    expect(box.textContent).toBe(evil);
    expect(box.querySelectorAll('*:not(.block)')).toHaveLength(0);
    expect(textOf('job-state')).toBe('Generating');
  });

  it('shows a state that it does not know calmly', async () => {
    await send('progress', progress({ state: 'on_ice', status: 'queued' }));
    expect(textOf('job-state')).toBe('On ice');
    expect(card.get(byTest('job-card')).attributes('data-state')).toBe('unknown');
  });
});
