import en from '../messages/en';
import type { Messages } from '../messages/types';
import type { Format } from './format_in';
import { formatIn } from './format_in';

/** What the card says, and how it writes numbers, in one language. */
export interface Words {
  readonly m: Messages;
  readonly f: Format;
}

export function wordsOf(messages: Messages): Words {
  return { m: messages, f: formatIn(messages) };
}

export const ENGLISH: Words = /* @__PURE__ */ wordsOf(en);
