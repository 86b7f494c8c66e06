import { isTerminal } from '@genwatch/client';
import type { LiveJob } from '@genwatch/vue';
import { onScopeDispose, reactive, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { tell } from '../preferences/notices';

interface Entry {
  /** Null while it waits, and while nobody can tell. */
  percent: number | null;
  users: number;
}

/** The jobs on the page that are being worked on. */
const entries = reactive(new Map<string, Entry>());

/** For the title of the window: how far the running jobs are on average; null if none is known. */
export function runningTitle(): string | null {
  const percents = [...entries.values()].flatMap(({ percent }) => percent ?? []);
  if (percents.length === 0) return null;
  const mean = Math.floor(percents.reduce((sum, percent) => sum + percent, 0) / percents.length);
  return percents.length === 1 ? `${mean} %` : `${mean} % (${percents.length})`;
}

/**
 * For whoever shows a job: its percent goes into the title of the window, and its end is told to a
 * reader who is elsewhere. `name` is what the reader knows the job by.
 */
export function useRunning(job: LiveJob, name: () => string): void {
  const { t } = useI18n();
  const router = useRouter();
  const { jobId } = job.watch;
  const entry = entries.get(jobId) ?? { percent: null, users: 0 };
  entry.users += 1;
  entries.set(jobId, entry);

  watch(
    () => {
      const { determinate, percent, state } = job.view.value;
      return determinate && state === 'processing' ? percent : null;
    },
    (percent) => {
      const held = entries.get(jobId);
      if (held !== undefined) held.percent = percent;
    },
    { immediate: true },
  );
  watch(
    () => ({ known: job.view.value.known, state: job.view.value.state }),
    (now, before) => {
      if (!before.known || isTerminal(before.state) || !isTerminal(now.state)) return;
      tell({
        title: t(now.state === 'completed' ? 'app.notices.completed' : 'app.notices.ended'),
        body: name(),
        tag: jobId,
        onClick: () => void router.push({ name: 'job', params: { jobId } }),
      });
    },
  );
  onScopeDispose(() => {
    const held = entries.get(jobId);
    if (held === undefined) return;
    held.users -= 1;
    if (held.users === 0) entries.delete(jobId);
  });
}
