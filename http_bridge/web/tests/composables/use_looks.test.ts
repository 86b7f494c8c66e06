import { flushPromises } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useLooks } from '../../src/composables/use_looks';
import { usePolled } from '../../src/composables/use_polled';
import { withSetup } from '../support/mount';

let visibility: DocumentVisibilityState = 'visible';

function see(state: DocumentVisibilityState): void {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  visibility = 'visible';
  vi.useFakeTimers();
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('looking again and again', () => {
  it('looks at once, and then at its pace', async () => {
    const look = vi.fn(() => Promise.resolve());
    withSetup(() => useLooks(look, () => 1000));
    expect(look).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2500);
    expect(look).toHaveBeenCalledTimes(3);
  });

  it('rests while the page is hidden, and looks at once when it is seen again', async () => {
    const look = vi.fn(() => Promise.resolve());
    withSetup(() => useLooks(look, () => 1000));
    see('hidden');
    await vi.advanceTimersByTimeAsync(10_000);
    const hidden = look.mock.calls.length;
    expect(hidden).toBeLessThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(look).toHaveBeenCalledTimes(hidden);
    see('visible');
    expect(look).toHaveBeenCalledTimes(hidden + 1);
  });

  it('looks when the network is back', async () => {
    const look = vi.fn(() => Promise.resolve());
    withSetup(() => useLooks(look, () => 60_000));
    await flushPromises();
    dispatchEvent(new Event('online'));
    expect(look).toHaveBeenCalledTimes(2);
  });

  it('has one timer, however many looks overlap', async () => {
    const look = vi.fn(() => Promise.resolve());
    const { result } = withSetup(() => useLooks(look, () => 1000));
    void result.refresh();
    void result.refresh();
    await vi.advanceTimersByTimeAsync(1500);
    expect(look).toHaveBeenCalledTimes(4);
  });

  it('ends with who asked for it', async () => {
    const look = vi.fn(() => Promise.resolve());
    const { result, wrapper } = withSetup(() => useLooks(look, () => 1000));
    wrapper.unmount();
    await vi.advanceTimersByTimeAsync(5000);
    dispatchEvent(new Event('online'));
    see('visible');
    expect(look).toHaveBeenCalledTimes(1);
    expect(result.isOver()).toBe(true);
  });
});

describe('reading a value again and again', () => {
  it('keeps the value through failures, and tries less and less often', async () => {
    const read = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1);
    read.mockRejectedValue(new Error('away'));
    const { result } = withSetup(() => usePolled(read, () => 60_000));
    await flushPromises();
    void result.refresh();
    await flushPromises();
    expect(result.value.value).toBe(1);
    expect(result.error.value).not.toBeNull();
    const gaps: number[] = [];
    for (let last = performance.now(); gaps.length < 5; last = performance.now()) {
      await vi.advanceTimersToNextTimerAsync();
      gaps.push(performance.now() - last);
    }
    expect(gaps).toEqual([4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('takes the answer to the newest question only', async () => {
    const answers: ((value: string) => void)[] = [];
    const read = (): Promise<string> => new Promise((resolve) => answers.push(resolve));
    const { result } = withSetup(() => usePolled(read, () => 60_000));
    void result.refresh();
    answers[1]?.('new');
    answers[0]?.('old');
    await flushPromises();
    expect(result.value.value).toBe('new');
  });
});
