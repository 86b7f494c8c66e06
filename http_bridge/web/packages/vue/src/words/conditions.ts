import type { Condition } from '@genwatch/client';

/** How a state is coloured: by outcome only, and never without a word beside it. */
export type Tone = 'idle' | 'active' | 'good' | 'warning' | 'bad';

export const CONDITION_TONES: Readonly<Record<Condition, Tone>> = {
  queued: 'idle',
  held: 'warning',
  retrying: 'warning',
  starting: 'active',
  loading: 'active',
  prompt: 'active',
  thinking: 'active',
  generating: 'active',
  finalizing: 'active',
  paused: 'idle',
  completed: 'good',
  failed: 'bad',
  cancelled: 'idle',
  expired: 'warning',
  unknown: 'idle',
};
