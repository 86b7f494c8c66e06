import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef } from 'vue';
import { useRouter } from 'vue-router';

/**
 * The address whose page could not be loaded, or null: the network is away, or a newer release has
 * taken the place of the one that this page came with. The next page that can be had ends it.
 */
export function useFailedRoute(): Readonly<ShallowRef<string | null>> {
  const router = useRouter();
  const failed = shallowRef<string | null>(null);
  const offError = router.onError((_error, to) => {
    failed.value = to.fullPath;
  });
  const offAfter = router.afterEach((_to, _from, failure) => {
    if (failure === undefined) failed.value = null;
  });
  onScopeDispose(() => {
    offError();
    offAfter();
  });
  return failed;
}
