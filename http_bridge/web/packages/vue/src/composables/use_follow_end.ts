import type { Ref } from 'vue';
import { nextTick, onScopeDispose, ref, watch } from 'vue';

/** Nearer to the end than this counts as being at the end. */
const NEAR_PX = 24;

export interface FollowEnd {
  readonly following: Readonly<Ref<boolean>>;
  /** Something of the content is out of sight above. */
  readonly isCut: Readonly<Ref<boolean>>;
  /** To the end, and on from there. */
  readonly jump: () => void;
}

/**
 * Keeps a scrolling box at its end while `content` grows and `live` is true, unless the reader has
 * scrolled up; who scrolls down to the end again follows again. What is complete already is read
 * from its beginning.
 */
export function useFollowEnd(
  box: Readonly<Ref<HTMLElement | null>>,
  content: () => unknown,
  live: () => boolean,
): FollowEnd {
  const following = ref(true);
  const isCut = ref(false);
  let lastTop = 0;

  const toEnd = (): void => {
    if (box.value === null) return;
    box.value.scrollTop = box.value.scrollHeight;
    lastTop = box.value.scrollTop;
    isCut.value = lastTop > 0;
  };
  const onScroll = (): void => {
    if (box.value === null) return;
    const { scrollTop, scrollHeight, clientHeight } = box.value;
    // Text that grows moves the end away, too; only moving up is the reader's wish.
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) following.value = true;
    else if (scrollTop < lastTop) following.value = false;
    lastTop = scrollTop;
    isCut.value = scrollTop > 0;
  };

  watch(
    box,
    (element, before) => {
      before?.removeEventListener('scroll', onScroll);
      element?.addEventListener('scroll', onScroll, { passive: true });
      if (following.value && live()) toEnd();
    },
    { immediate: true, flush: 'post' },
  );
  watch([content, live], () => {
    if (following.value && live()) void nextTick(toEnd);
  });
  onScopeDispose(() => {
    box.value?.removeEventListener('scroll', onScroll);
  });
  return {
    following,
    isCut,
    jump: () => {
      following.value = true;
      toEnd();
    },
  };
}
