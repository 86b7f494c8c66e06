import type { InjectionKey, MaybeRefOrGetter, Plugin } from 'vue';
import { hasInjectionContext, inject } from 'vue';
import type { JobSource } from '../source';
import { sameOrigin } from '../source';

/** What an application may tell all components of the package. */
export interface GenwatchConfig {
  /** Where jobs come from; without it the server of the page. */
  readonly source?: JobSource;
  /** BCP 47, and it may change; without it the language of the document. */
  readonly locale?: MaybeRefOrGetter<string>;
}

export const CONFIG: InjectionKey<GenwatchConfig> = Symbol('genwatch');

/** `app.use(createGenwatch({ locale }))`. */
export function createGenwatch(config: GenwatchConfig): Plugin {
  return {
    install: (app) => {
      app.provide(CONFIG, config);
    },
  };
}

export function useConfig(): GenwatchConfig & { readonly source: JobSource } {
  const config = hasInjectionContext() ? inject(CONFIG, {}) : {};
  return { ...config, source: config.source ?? sameOrigin };
}
