import type { Job } from '@genwatch/client';
import { listJobs } from '@genwatch/client';
import { firstLine } from '../lib/format';
import type { ComputedRef } from 'vue';
import { computed, shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { languageCodes, LANGUAGES } from '../i18n/languages';
import { useLanguage } from '../i18n/use_language';
import { useNotices } from '../preferences/notices';
import { THEMES, useTheme } from '../preferences/theme';
import type { Command } from './commands';
import { pageLinks } from './navigation';

/** As many as one may remember having submitted. */
const RECENT_JOBS = 20;

/** Everything that the palette offers now, and the way to read the recent jobs anew. */
export function useCommands(): {
  readonly commands: ComputedRef<readonly Command[]>;
  readonly readJobs: () => Promise<void>;
} {
  const { t } = useI18n();
  const router = useRouter();
  const { language, choose: chooseLanguage } = useLanguage();
  const { theme, choose: chooseTheme } = useTheme();
  const notices = useNotices();
  const jobs = shallowRef<readonly Job[]>([]);

  const pages = computed(() =>
    pageLinks(router).map(({ name, href, outside }): Command => ({
      id: `page-${name}`,
      group: 'pages',
      label: t(`app.page.${name}`),
      run: outside
        ? () => {
            location.assign(href);
          }
        : () => void router.push(href),
    })),
  );
  const recent = computed(() =>
    jobs.value.map((job): Command => ({
      id: `job-${job.jobId}`,
      group: 'jobs',
      label: firstLine(job.prompt) || job.jobId,
      detail: t(`app.state.${job.state}`),
      words: `${job.jobId} ${job.model}`,
      run: () => void router.push({ name: 'job', params: { jobId: job.jobId } }),
    })),
  );
  const actions = computed((): Command[] => [
    {
      id: 'new-prompt',
      group: 'actions',
      label: t('app.newPrompt'),
      run: () => void router.push({ name: 'generate' }),
    },
    ...THEMES.filter((each) => each !== theme.value).map((each): Command => ({
      id: `theme-${each}`,
      group: 'actions',
      label: `${t('app.theme')}: ${t(`app.themes.${each}`)}`,
      run: () => {
        chooseTheme(each);
      },
    })),
    ...languageCodes
      .filter((code) => code !== language.value)
      .map((code): Command => ({
        id: `language-${code}`,
        group: 'actions',
        label: `${t('app.language')}: ${LANGUAGES[code].name}`,
        // Whoever can't read this page looks for the English word.
        words: 'language',
        run: () => chooseLanguage(code),
      })),
    ...(notices.state.value === 'on' || notices.state.value === 'off'
      ? [
          {
            id: 'notices',
            group: 'actions',
            label: t('app.notices.choice'),
            detail: t(`app.notices.${notices.state.value}`),
            run: notices.toggle,
          } satisfies Command,
        ]
      : []),
  ]);

  return {
    commands: computed(() => [...pages.value, ...recent.value, ...actions.value]),
    readJobs: async () => {
      try {
        jobs.value = (await listJobs(RECENT_JOBS)).jobs;
      } catch {
        // The rest of the palette needs no server; what was read before stays.
      }
    },
  };
}
