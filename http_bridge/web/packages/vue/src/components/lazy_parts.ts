import { defineAsyncComponent } from 'vue';
import type Notice from './CardNotice.vue';

/**
 * The parts that a card does without at first, in files of their own. They are fetched as soon as a
 * card stands there: the server may be gone when they are needed.
 */
const parts = {
  actions: () => import('./CardActions.vue'),
  copy: () => import('./CopyButton.vue'),
  notice: () => import('./CardNotice.vue'),
  spark: () => import('./SparkLine.vue'),
  text: () => import('./LiveText.vue'),
  thinking: () => import('./ThinkingText.vue'),
};

export const CardActions = defineAsyncComponent(parts.actions);
// What TypeScript makes of it by itself, other versions of Vue's types refuse.
export const CardNotice: typeof Notice = defineAsyncComponent(parts.notice);
export const CopyButton = defineAsyncComponent(parts.copy);
export const LiveText = defineAsyncComponent(parts.text);
export const SparkLine = defineAsyncComponent(parts.spark);
export const ThinkingText = defineAsyncComponent(parts.thinking);

/** Settles when all parts are there, or can't be had now: then they are asked for again when needed. */
export async function prepareParts(): Promise<void> {
  await Promise.allSettled(Object.values(parts).map((load) => load()));
}
