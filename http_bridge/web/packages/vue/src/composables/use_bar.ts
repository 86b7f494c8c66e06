import type { JobView } from '@genwatch/client';
import type { ShallowRef } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';
import { onBeat } from './beat';

/** What the bar draws. */
export interface BarValue {
  readonly percent: number;
  readonly determinate: boolean;
}

/** So long the words about a restart stand there before the bar falls. */
export const SAY_FIRST_MS = 800;

const valueOf = ({ percent, determinate }: JobView): BarValue => ({ percent, determinate });

/**
 * The bar follows the view, but never falls in silence: while a job waits for its next attempt it
 * stays where it was, and what a new attempt takes back is taken back only after the card has said so.
 */
export function useBar(view: () => JobView): Readonly<ShallowRef<BarValue>> {
  const bar = shallowRef(valueOf(view()));
  let saidAt: number | null = null;
  let end: (() => void) | undefined;
  const draw = (): void => {
    end?.();
    end = undefined;
    saidAt = null;
    bar.value = valueOf(view());
  };
  watch(view, (now) => {
    const drawn = bar.value;
    if (now.state === 'queued' && drawn.determinate) return;
    const falls = drawn.determinate && (!now.determinate || now.percent < drawn.percent);
    if (!falls) {
      if (now.percent !== drawn.percent || now.determinate !== drawn.determinate) draw();
      return;
    }
    saidAt ??= performance.now();
    end ??= onBeat(100, () => {
      if (performance.now() - (saidAt ?? 0) >= SAY_FIRST_MS) draw();
    });
  });
  onScopeDispose(() => end?.());
  return bar;
}
