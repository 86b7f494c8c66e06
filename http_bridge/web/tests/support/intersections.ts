import { vi } from 'vitest';

/** An IntersectionObserver whose scrolling is done by the test; at first all is in sight. */
export class FakeIntersectionObserver {
  static readonly all: FakeIntersectionObserver[] = [];
  static inSight: (element: Element) => boolean = () => true;

  readonly #callback: IntersectionObserverCallback;
  readonly #elements = new Set<Element>();

  constructor(callback: IntersectionObserverCallback) {
    this.#callback = callback;
    FakeIntersectionObserver.all.push(this);
  }

  static install(): void {
    FakeIntersectionObserver.inSight = () => true;
    vi.stubGlobal('IntersectionObserver', FakeIntersectionObserver);
  }

  /** Tells all observers what is in sight now. */
  static scroll(): void {
    for (const observer of FakeIntersectionObserver.all) {
      for (const element of observer.#elements) observer.#tell(element);
    }
  }

  observe(element: Element): void {
    this.#elements.add(element);
    queueMicrotask(() => {
      if (this.#elements.has(element)) this.#tell(element);
    });
  }

  unobserve(element: Element): void {
    this.#elements.delete(element);
  }

  disconnect(): void {
    this.#elements.clear();
  }

  #tell(element: Element): void {
    const entry = { target: element, isIntersecting: FakeIntersectionObserver.inSight(element) };
    this.#callback([entry as IntersectionObserverEntry], this as unknown as IntersectionObserver);
  }
}
