import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../../src/i18n/languages';
import { pluralRule } from '../../src/i18n/plurals';

const files = import.meta.glob<string>('../../src/locales/**/*.json', {
  eager: true,
  query: '?raw',
  import: 'default',
});
const sources = import.meta.glob<string>('../../src/**/*.{ts,vue}', {
  eager: true,
  query: '?raw',
  import: 'default',
});

/** All messages of a language by their whole key, "queue.title". */
function messagesOf(language: string): Map<string, string> {
  const messages = new Map<string, string>();
  const collect = (prefix: string, value: unknown): void => {
    if (typeof value === 'string') messages.set(prefix, value);
    else
      for (const [key, below] of Object.entries(value as object))
        collect(`${prefix}.${key}`, below);
  };
  for (const [path, text] of Object.entries(files)) {
    const [, folder, namespace] = /\/([^/]+)\/([^/]+)\.json$/.exec(path) ?? [];
    if (folder === language && namespace !== undefined) collect(namespace, JSON.parse(text));
  }
  return messages;
}

const english = messagesOf('en');
const namespaces = new Set([...english.keys()].map((key) => key.split('.')[0]));

/** Keys in the code, and the beginnings of those that are put together: `app.theme.${theme}`. */
function keysInCode(): { whole: Set<string>; beginnings: Set<string> } {
  const whole = new Set<string>();
  const beginnings = new Set<string>();
  for (const text of Object.values(sources)) {
    // Between double quotes a template has expressions, of which some look like keys.
    for (const [, key = ''] of text.matchAll(/(?:['`]|keypath=")([a-z]\w*(?:\.\w+)+)['"`]/g)) {
      whole.add(key);
    }
    for (const [, key = ''] of text.matchAll(/`([a-z]\w*\.(?:\w+\.)*)\$\{/g)) beginnings.add(key);
  }
  return { whole, beginnings };
}

const placeholders = (message: string): string[] =>
  [...new Set([...message.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();

describe('the messages', () => {
  for (const language of Object.keys(LANGUAGES)) {
    it(`have the same keys in ${language} as in English`, () => {
      expect([...messagesOf(language).keys()].sort()).toEqual([...english.keys()].sort());
    });

    it(`of ${language} say something, and name what English names`, () => {
      for (const [key, message] of messagesOf(language)) {
        expect(message.trim(), key).not.toBe('');
        expect(placeholders(message), key).toEqual(placeholders(english.get(key) ?? ''));
      }
    });

    it(`of ${language} have one form, or all that its counts need`, () => {
      const rule = pluralRule(language);
      const highest = [0, 1, 2, 3, 11, 100, 1.5].map((count) => rule(count, 99));
      for (const [key, message] of messagesOf(language)) {
        const forms = message.split(' | ').length;
        expect([1, Math.max(...highest) + 1], `${key}: ${message}`).toContain(forms);
      }
    });
  }

  it('are all there that the code asks for', () => {
    const asked = [...keysInCode().whole].filter((key) => namespaces.has(key.split('.')[0]));
    expect(asked.filter((key) => !english.has(key))).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  });

  it('are all asked for', () => {
    const { whole, beginnings } = keysInCode();
    const unused = [...english.keys()].filter(
      (key) => !whole.has(key) && ![...beginnings].some((beginning) => key.startsWith(beginning)),
    );
    expect(unused).toEqual([]);
  });
});
