export { default as CopyButton } from './components/CopyButton.vue';
export { default as JobCard } from './components/JobCard.vue';
export { default as StateIcon } from './components/StateIcon.vue';
export type { CopyState } from './composables/use_copy';
export { useCopy } from './composables/use_copy';
export { useElapsed } from './composables/use_elapsed';
export type { FollowEnd } from './composables/use_follow_end';
export { useFollowEnd } from './composables/use_follow_end';
export type { LiveText, LiveJob } from './composables/use_live_job';
export { useLiveJob } from './composables/use_live_job';
export { useOrders } from './composables/use_orders';
export { useTicker } from './composables/use_ticker';
export {
  stateWord,
  queuePlace,
  attemptOf,
  retrySentence,
  remainingText,
  barText,
  announcement,
} from './words/card_text';
export type { Tone } from './words/conditions';
export { CONDITION_WORDS, CONDITION_TONES } from './words/conditions';
export {
  formatCount,
  formatTokens,
  formatRate,
  formatElapsed,
  formatCountdown,
  formatAbout,
  formatRemaining,
  formatAgo,
  formatExact,
  formatBytes,
  firstLine,
  reasonWords,
  plainWord,
  endSentence,
} from './words/format';
export type { Outcome } from './words/outcome';
export { describeOutcome } from './words/outcome';
