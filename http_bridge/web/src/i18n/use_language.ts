import type { Composer } from 'vue-i18n';
import type { Ref } from 'vue';
import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { readStored, writeStored } from '../preferences/stored';
import type { Language } from './languages';
import { DEFAULT_LANGUAGE, isLanguage, LANGUAGES, pickLanguage } from './languages';
import { loadMessages } from './messages';

const KEY = 'genwatch.language';

/** Anything that holds the messages: what `useI18n` answers, or `i18n.global`. */
export type MessageHolder = Pick<Composer, 'setLocaleMessage'> & { readonly locale: Ref<string> };

/** Changes the language of the page once its messages are here. Rejects where they can't be had. */
export async function showLanguage(holder: MessageHolder, language: Language): Promise<void> {
  const messages = await loadMessages[language]();
  holder.setLocaleMessage(language, messages as never);
  holder.locale.value = language;
  document.documentElement.lang = language;
  document.documentElement.dir = LANGUAGES[language].direction;
}

/** The language of the reader; English where its messages can't be loaded now. */
export async function showFirstLanguage(holder: MessageHolder): Promise<void> {
  const language = pickLanguage(readStored(KEY), navigator.languages);
  try {
    await showLanguage(holder, language);
  } catch {
    await showLanguage(holder, DEFAULT_LANGUAGE);
  }
}

/** The language of the page, and the way to another one, which is remembered. */
export function useLanguage(): {
  readonly language: Readonly<Ref<Language>>;
  readonly choose: (language: Language) => Promise<void>;
} {
  const holder = useI18n();
  return {
    language: computed(() =>
      isLanguage(holder.locale.value) ? holder.locale.value : DEFAULT_LANGUAGE,
    ),
    choose: async (language) => {
      await showLanguage(holder, language);
      writeStored(KEY, language);
    },
  };
}
