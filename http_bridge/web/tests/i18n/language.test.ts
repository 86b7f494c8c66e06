import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import App from '../../src/App.vue';
import { createMessages } from '../../src/i18n/i18n';
import { pickLanguage } from '../../src/i18n/languages';
import { pluralRule } from '../../src/i18n/plurals';
import { showFirstLanguage } from '../../src/i18n/use_language';
import { FakeServer } from '../support/fake_server';
import { byTest, mountAlone } from '../support/mount';
import { models } from '../support/wire';

beforeEach(() => {
  new FakeServer().on('GET /api/v1/models', { body: models() });
});

describe('the language', () => {
  it('is the one chosen before, else the first of the reader that there is, else English', () => {
    expect(pickLanguage('ar', ['de-AT'])).toBe('ar');
    expect(pickLanguage('tlh', ['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(pickLanguage(null, ['fr', 'constructor'])).toBe('en');
    expect(pickLanguage(null, [])).toBe('en');
  });

  it('is that of the browser at the first visit', async () => {
    vi.stubGlobal('navigator', { languages: ['ar-EG', 'en'] });
    const i18n = createMessages();
    await showFirstLanguage(i18n.global);
    expect(i18n.global.t('app.page.generate')).toBe('إنشاء');
    expect(document.documentElement.lang).toBe('ar');
    expect(document.documentElement.dir).toBe('rtl');
  });

  it('changes at once where it is chosen, with the direction, and is remembered', async () => {
    const app = mountAlone(App);
    await flushPromises();
    const choice = app.get<HTMLSelectElement>(byTest('language-choice'));
    expect(choice.findAll('option').map((option) => option.text())).toEqual([
      'English',
      'Deutsch',
      'العربية',
    ]);
    await choice.setValue('ar');
    await vi.waitFor(() => {
      expect(app.get('nav').text()).toContain('إنشاء');
    });
    expect(document.documentElement.dir).toBe('rtl');
    await choice.setValue('de');
    await vi.waitFor(() => {
      expect(app.get('nav').text()).toContain('Erzeugen');
    });
    expect(document.documentElement.lang).toBe('de');
    expect(document.documentElement.dir).toBe('ltr');
    const later = createMessages();
    await showFirstLanguage(later.global);
    expect(later.global.locale.value).toBe('de');
  });
});

describe('plural forms', () => {
  it('are two in English and German', () => {
    for (const language of ['en', 'de']) {
      const rule = pluralRule(language);
      expect([0, 1, 2, 100].map((count) => rule(count, 2))).toEqual([1, 0, 1, 1]);
    }
  });

  it('are six in Arabic', () => {
    const rule = pluralRule('ar');
    expect([0, 1, 2, 3, 11, 100].map((count) => rule(count, 6))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('may be one for each count', () => {
    expect(pluralRule('ar')(11, 1)).toBe(0);
  });
});
