import english from '../messages/en_late';
import type { LateMessages } from '../messages/types';
import type { Words } from './words';

/** The words of the parts that come later, and with them in English. */
export const lateOf = ({ m }: Words): LateMessages => m.late ?? english;
