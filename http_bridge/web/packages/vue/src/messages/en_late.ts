import type { LateMessages } from './types';

/** What the parts of a card say that come later, in English: other languages have it among the rest. */
const late: LateMessages = {
  orders: {
    cancel: { say: 'Cancel', busy: 'Cancelling', refused: 'The job was not cancelled.' },
    pause: { say: 'Pause', busy: 'Pausing', refused: 'The job was not paused.' },
    resume: { say: 'Resume', busy: 'Resuming', refused: 'The job was not resumed.' },
    retry: { say: 'Retry', busy: 'Retrying', refused: 'The job was not retried.' },
  },
  speedOverTime: 'Speed in the last minute',
  thoughtFor: (duration) => `Thought for ${duration}`,
  copy: 'Copy text',
  copied: 'Copied',
  copyFailed: 'Could not copy',
  toLive: 'Jump to live',
  unreachable: 'The server does not answer.',
  bytes: (count, format) => `${format.count(count)} ${count === 1 ? 'byte' : 'bytes'}`,
  inTime: (duration) => `in ${duration}`,
  now: 'now',
  because: (why) => `because: ${why.charAt(0).toLowerCase()}${why.slice(1)}`,
  kept: (bytes) => `The text so far is kept below (${bytes}).`,
  nothingKept: 'No text had arrived.',
  held: 'The queue of this model is held.',
  next: {
    server: 'Check that the model server runs, then submit the prompt again.',
    address: 'Check the address of the model server, then submit the prompt again.',
    access: 'Give Genwatch access to the model server, then submit the prompt again.',
    otherModel: 'Choose another model, or install this one, and submit again.',
    smaller: 'Choose a smaller model, or a shorter prompt, and submit again.',
    shorter: 'Shorten the prompt, or choose a model with more context, and submit again.',
    slow: 'Submit again; if it happens again, the model may be too slow for its machine.',
    later: 'The model server has too much to do. Submit again in a while.',
    repeats: 'The model only repeated itself. Change the prompt, or choose another model.',
    kills: 'It stopped each worker that ran it. Change the prompt, or choose another model.',
    again: 'You can submit the prompt again, or choose another model.',
    cancelled: 'You can submit the prompt again.',
    expired: 'Submit it again, or with a higher priority.',
  },
};

export default late;
