import { describe, expect, it } from 'vitest';
import { nextTick, ref } from 'vue';
import type { FollowEnd } from '../src/composables/use_follow_end';
import { useFollowEnd } from '../src/composables/use_follow_end';
import { withSetup } from '@support/mount';

interface Reader extends FollowEnd {
  readonly box: HTMLElement;
  /** The content is higher, and nothing was drawn yet. */
  readonly setHeight: (px: number) => void;
  readonly grow: (px: number) => Promise<void>;
  readonly scrollTo: (top: number) => void;
}

/** A box of 100 px whose content is as high as the test says. */
async function reader(live = true): Promise<Reader> {
  const box = document.createElement('div');
  let height = 100;
  let top = 0;
  Object.defineProperties(box, {
    clientHeight: { get: () => 100 },
    scrollHeight: { get: () => height },
    scrollTop: {
      get: () => top,
      set: (value: number) => {
        top = Math.min(value, height - 100);
      },
    },
  });
  const content = ref(0);
  const { result } = withSetup(() =>
    useFollowEnd(
      ref(box),
      () => content.value,
      () => live,
    ),
  );
  await nextTick();
  return {
    ...result,
    box,
    setHeight: (px) => {
      height = px;
    },
    grow: async (px) => {
      height += px;
      content.value += 1;
      await nextTick();
      await nextTick();
      box.dispatchEvent(new Event('scroll'));
    },
    scrollTo: (to) => {
      top = to;
      box.dispatchEvent(new Event('scroll'));
    },
  };
}

describe('useFollowEnd', () => {
  it('stays at the end while the text grows', async () => {
    const { box, grow, following } = await reader();
    await grow(500);
    await grow(500);
    expect(box.scrollTop).toBe(1000);
    expect(following.value).toBe(true);
  });

  it('stays where the reader scrolled to, until the reader jumps back', async () => {
    const { box, grow, following, scrollTo, jump } = await reader();
    await grow(500);
    scrollTo(200);
    expect(following.value).toBe(false);
    await grow(500);
    expect(box.scrollTop).toBe(200);
    jump();
    expect(box.scrollTop).toBe(1000);
    await grow(100);
    expect(box.scrollTop).toBe(1100);
  });

  it('follows again when the reader scrolls to the end', async () => {
    const { grow, following, scrollTo } = await reader();
    await grow(500);
    scrollTo(200);
    scrollTo(490);
    expect(following.value).toBe(true);
  });

  it('does not take growing text for scrolling', async () => {
    const { box, following, setHeight } = await reader();
    setHeight(900);
    box.dispatchEvent(new Event('scroll'));
    expect(following.value).toBe(true);
  });

  it('shows what is complete already from its beginning', async () => {
    const { box, grow } = await reader(false);
    await grow(500);
    expect(box.scrollTop).toBe(0);
  });
});
