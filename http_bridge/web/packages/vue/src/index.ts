import './styles/card.css';

export { default as AIGenerationProgress } from './components/AIGenerationProgress.vue';
export { CopyButton, prepareParts } from './components/lazy_parts';
export { default as JobCard } from './components/JobCard.vue';
export { default as StateIcon } from './components/StateIcon.vue';
export type { GenwatchConfig } from './composables/use_config';
export { createGenwatch } from './composables/use_config';
export { useElapsed } from './composables/use_elapsed';
export type { CompleteData, Generation, GenerationOptions } from './composables/use_generation';
export { useGeneration } from './composables/use_generation';
export type { LiveText, LiveJob } from './composables/use_live_job';
export { useLiveJob } from './composables/use_live_job';
export { useTicker } from './composables/use_ticker';
export { addMessages, useWords } from './composables/use_words';
export type { CardOrder, FigureName, Messages, Tracking } from './messages/types';
export type { JobSource, WatchedJob } from './source';
export {
  stateWord,
  queuePlace,
  attemptOf,
  remainingText,
  barText,
  announcement,
} from './words/card_text';
export type { Tone } from './words/conditions';
export { CONDITION_TONES } from './words/conditions';
export type { Format } from './words/format_in';
export { happenedOf } from './words/outcome';
export { endSentence, plainWord, reasonWords } from './words/sentences';
export type { Words } from './words/words';
export { ENGLISH } from './words/words';
