import type { Router } from 'vue-router';

/** A page that the header and the command palette lead to; its words are `app.page.<name>`. */
export interface PageLink {
  readonly name: PageName;
  readonly href: string;
  /** It is not drawn by this application. */
  readonly outside: boolean;
}

const NAMES = ['wall', 'generate', 'queue', 'jobs', 'models'] as const;
export type PageName = (typeof NAMES)[number] | 'api';

/** All pages that there are, in the order in which they are offered. */
export function pageLinks(router: Router): PageLink[] {
  const own = NAMES.filter((name) => router.hasRoute(name)).map((name) => ({
    name,
    href: router.resolve({ name }).href,
    outside: false,
  }));
  return [...own, { name: 'api', href: '/docs', outside: true }];
}
