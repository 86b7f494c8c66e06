import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import NoticeChoice from '../../src/shell/NoticeChoice.vue';
import { tell } from '../../src/preferences/notices';
import { byTest, mountAlone } from '../support/mount';

/** Notifications of a browser whose reader answers `answer`. */
class FakeNotification {
  static permission: NotificationPermission = 'default';
  static answer: NotificationPermission = 'granted';
  static readonly shown: FakeNotification[] = [];
  onclick: (() => void) | null = null;
  close = vi.fn();

  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    FakeNotification.shown.push(this);
  }

  static requestPermission(): Promise<NotificationPermission> {
    FakeNotification.permission = FakeNotification.answer;
    return Promise.resolve(FakeNotification.answer);
  }
}

const look = (visibility: DocumentVisibilityState): void => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
};

const notice = { title: 'Completed', body: 'A poem', tag: 'job_1', onClick: vi.fn() };

beforeEach(() => {
  FakeNotification.permission = 'default';
  FakeNotification.answer = 'granted';
  FakeNotification.shown.length = 0;
  notice.onClick.mockReset();
  vi.stubGlobal('Notification', FakeNotification);
});

describe('notifications', () => {
  it('are asked for by a click only, and told while nobody looks', async () => {
    const choice = mountAlone(NoticeChoice);
    expect(FakeNotification.permission).toBe('default');
    look('hidden');
    tell(notice);
    expect(FakeNotification.shown).toEqual([]);
    await choice.get(byTest('notice-choice')).trigger('click');
    await flushPromises();
    expect(choice.get(byTest('notice-choice')).attributes('aria-checked')).toBe('true');
    tell(notice);
    expect(FakeNotification.shown).toHaveLength(1);
    expect(FakeNotification.shown[0]?.options).toMatchObject({ body: 'A poem', tag: 'job_1' });
  });

  it('are not told to who looks at the page', async () => {
    await mountAlone(NoticeChoice).get(byTest('notice-choice')).trigger('click');
    look('visible');
    tell(notice);
    expect(FakeNotification.shown).toEqual([]);
  });

  it('lead to the job when they are clicked', async () => {
    await mountAlone(NoticeChoice).get(byTest('notice-choice')).trigger('click');
    look('hidden');
    tell(notice);
    FakeNotification.shown[0]?.onclick?.();
    expect(notice.onClick).toHaveBeenCalledOnce();
    expect(FakeNotification.shown[0]?.close).toHaveBeenCalledOnce();
  });

  it('can be turned off again', async () => {
    const choice = mountAlone(NoticeChoice);
    await choice.get(byTest('notice-choice')).trigger('click');
    await flushPromises();
    await choice.get(byTest('notice-choice')).trigger('click');
    await flushPromises();
    look('hidden');
    tell(notice);
    expect(FakeNotification.shown).toEqual([]);
  });

  it('say so where the browser blocks them', async () => {
    FakeNotification.answer = 'denied';
    const choice = mountAlone(NoticeChoice);
    await choice.get(byTest('notice-choice')).trigger('click');
    await flushPromises();
    expect(choice.text()).toContain('The browser blocks notifications');
  });

  it('are not offered where there are none', () => {
    vi.stubGlobal('Notification', undefined);
    expect(mountAlone(NoticeChoice).find('button').exists()).toBe(false);
  });
});
