import type { Ref } from 'vue';
import { onScopeDispose, ref, watch } from 'vue';

/** So much outside of the view still counts as in it: who scrolls finds it at work. */
const MARGIN = '200px';

const waiting = new Map<Element, (isInView: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** One observer for all cards. */
function observe(element: Element, listen: (isInView: boolean) => void): () => void {
  if (typeof IntersectionObserver === 'undefined') return () => undefined;
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) waiting.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: MARGIN },
  );
  waiting.set(element, listen);
  observer.observe(element);
  return () => {
    waiting.delete(element);
    observer?.unobserve(element);
  };
}

/** Whether somebody could see the element: it is in the view, and so is the page. */
export function useAwake(element: Readonly<Ref<Element | null>>): Readonly<Ref<boolean>> {
  const awake = ref(true);
  let isInView = true;
  const update = (): void => {
    awake.value = isInView && !document.hidden;
  };
  let end: (() => void) | undefined;
  watch(
    element,
    (now) => {
      end?.();
      end =
        now === null
          ? undefined
          : observe(now, (seen) => {
              isInView = seen;
              update();
            });
    },
    { immediate: true, flush: 'post' },
  );
  document.addEventListener('visibilitychange', update);
  onScopeDispose(() => {
    end?.();
    document.removeEventListener('visibilitychange', update);
  });
  return awake;
}
