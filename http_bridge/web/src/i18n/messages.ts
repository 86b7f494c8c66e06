import type { Language } from './languages';
import type { Messages } from './namespaces';
import { byNamespace } from './namespaces';

/** Always there: what another language lacks is said in English. A new file is found by itself. */
export const english = byNamespace(
  import.meta.glob('../locales/en/*.json', { eager: true, import: 'default' }),
);

/** One request for each language, made when it is wanted. */
export const loadMessages: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: () => Promise.resolve(english),
  de: async () => (await import('./messages_de')).messages,
  ar: async () => (await import('./messages_ar')).messages,
};
