import { createI18n } from 'vue-i18n';
import { DEFAULT_LANGUAGE, languageCodes } from './languages';
import { english } from './messages';
import { pluralRule } from './plurals';

/** Knows English; `useLanguage` brings the others. */
// The type says which options were given; nobody could write it down better than the compiler.
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function createMessages() {
  return createI18n({
    legacy: false,
    locale: DEFAULT_LANGUAGE,
    fallbackLocale: DEFAULT_LANGUAGE,
    messages: { [DEFAULT_LANGUAGE]: english } as Record<string, never>,
    pluralRules: Object.fromEntries(languageCodes.map((code) => [code, pluralRule(code)])),
  });
}

export type AppI18n = ReturnType<typeof createMessages>;
