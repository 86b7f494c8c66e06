import type { ComputedRef, InjectionKey, Ref } from 'vue';
import { computed, inject, provide, shallowRef, toValue, watch } from 'vue';
import type { Messages } from '../messages/types';
import type { Words } from '../words/words';
import { ENGLISH, wordsOf } from '../words/words';
import { useConfig } from './use_config';

const WORDS: InjectionKey<ComputedRef<Words>> = Symbol('genwatch words');

/** By language without region. Those that come later are put in by `addMessages`. */
const known = shallowRef<ReadonlyMap<string, Words>>(new Map([['en', ENGLISH]]));

type Loader = () => Promise<{ readonly default: Messages }>;

const loaders: Readonly<Record<string, Loader>> = {
  de: () => import('../messages/de'),
  ar: () => import('../messages/ar'),
};

/** Another language, or other words for one. */
export function addMessages(messages: Messages): void {
  known.value = new Map(known.value).set(languageOf(messages.locale), wordsOf(messages));
}

const languageOf = (locale: string): string => locale.toLowerCase().split(/[-_]/, 1)[0] ?? '';

let documentLanguage: Ref<string> | undefined;

/** What `<html lang>` says, also when it changes. */
function useDocumentLanguage(): Ref<string> {
  if (documentLanguage !== undefined) return documentLanguage;
  const root = document.documentElement;
  const language = shallowRef(root.lang);
  documentLanguage = language;
  new MutationObserver(() => {
    language.value = root.lang;
  }).observe(root, { attributeFilter: ['lang'] });
  return language;
}

function makeWords(locale: () => string | undefined): ComputedRef<Words> {
  const config = useConfig();
  const inDocument = useDocumentLanguage();
  const language = computed(() =>
    languageOf(locale() ?? toValue(config.locale) ?? inDocument.value),
  );
  watch(
    language,
    (wanted) => {
      if (known.value.has(wanted)) return;
      // English until they are here, and where they can't be had.
      loaders[wanted]?.().then(
        (module) => {
          addMessages(module.default);
        },
        () => undefined,
      );
    },
    { immediate: true },
  );
  return computed(() => known.value.get(language.value) ?? ENGLISH);
}

/** The words of this component and all in it; `locale` goes before what the application says. */
export function provideWords(locale: () => string | undefined): ComputedRef<Words> {
  const outer = inject(WORDS, undefined);
  const own = makeWords(locale);
  const words =
    outer === undefined ? own : computed(() => (locale() === undefined ? outer.value : own.value));
  provide(WORDS, words);
  return words;
}

/** The words of the component around, or those of the application's language. */
export function useWords(): ComputedRef<Words> {
  return inject(WORDS, undefined) ?? makeWords(() => undefined);
}
