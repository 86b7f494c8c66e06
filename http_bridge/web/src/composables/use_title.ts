import { onScopeDispose, watchEffect } from 'vue';
import { runningTitle } from '../shell/running_jobs';

const NAME = 'Genwatch';

/**
 * The title of the window, for as long as the calling page lives. How far the jobs of the page are
 * comes first: of a tab in the background one sees little more.
 */
export function useTitle(title: () => string): void {
  watchEffect(() => {
    document.title = [runningTitle() ?? '', title(), NAME]
      .filter((part) => part !== '')
      .join(' · ');
  });
  onScopeDispose(() => {
    document.title = NAME;
  });
}
