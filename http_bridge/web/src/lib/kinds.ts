/**
 * What a job is for its reader. It is told by the label `kind` of the job: `prompt` or `app`. A job
 * without that label was submitted by other means than this page and is a prompt; one with another
 * word is no post of the wall: programs that make many jobs set it to keep the wall for people.
 */
export type PostKind = 'prompt' | 'app';

export const POST_KINDS: readonly PostKind[] = ['prompt', 'app'];

export const KIND_LABEL = 'kind';

/** Null: not for the wall. */
export function postKind(labels: Readonly<Record<string, string>>): PostKind | null {
  const word = Object.hasOwn(labels, KIND_LABEL) ? labels[KIND_LABEL] : '';
  if (word === undefined || word === '' || word === 'prompt') return 'prompt';
  return word === 'app' ? 'app' : null;
}
