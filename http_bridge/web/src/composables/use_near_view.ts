import type { Ref } from 'vue';
import { onScopeDispose, ref, watch } from 'vue';

/** About a screen above and below: what is scrolled to is there already. */
const MARGIN = '800px 0px';

const callbacks = new WeakMap<Element, (isNear: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** One observer for the page: a thousand of them would each be asked at each scroll. */
function observe(element: Element, callback: (isNear: boolean) => void): void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) callbacks.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: MARGIN },
  );
  callbacks.set(element, callback);
  observer.observe(element);
}

function forget(element: Element): void {
  callbacks.delete(element);
  observer?.unobserve(element);
}

/** Whether the element is in sight, or will be after the next scroll. */
export function useNearView(element: Readonly<Ref<HTMLElement | null>>): Readonly<Ref<boolean>> {
  const near = ref(false);
  watch(
    element,
    (now, before) => {
      if (before != null) forget(before);
      if (now === null) return;
      observe(now, (isNear) => {
        near.value = isNear;
      });
    },
    { immediate: true, flush: 'post' },
  );
  onScopeDispose(() => {
    if (element.value !== null) forget(element.value);
  });
  return near;
}
