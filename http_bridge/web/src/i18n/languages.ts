/** The languages of the application. Names are in the language itself: its speakers look for that. */
export const LANGUAGES = {
  en: { name: 'English', direction: 'ltr' },
  de: { name: 'Deutsch', direction: 'ltr' },
  ar: { name: 'العربية', direction: 'rtl' },
} as const;

export type Language = keyof typeof LANGUAGES;

export const DEFAULT_LANGUAGE: Language = 'en';

export const languageCodes = Object.keys(LANGUAGES) as Language[];

export function isLanguage(code: unknown): code is Language {
  return typeof code === 'string' && Object.hasOwn(LANGUAGES, code);
}

/**
 * The language to begin with: the one chosen before, else the first of the reader's own that we
 * have ("de-AT" is de).
 */
export function pickLanguage(chosen: unknown, wanted: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  const known = wanted.map((tag) => tag.toLowerCase().split('-', 1)[0]).find(isLanguage);
  return known ?? DEFAULT_LANGUAGE;
}
