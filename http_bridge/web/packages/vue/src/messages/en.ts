import type { Messages } from './types';

/** English. */
const en: Messages = {
  locale: 'en',
  states: {
    queued: 'Queued',
    held: 'Held',
    retrying: 'Waiting to retry',
    starting: 'Starting',
    loading: 'Loading model',
    prompt: 'Reading prompt',
    thinking: 'Thinking',
    generating: 'Generating',
    finalizing: 'Finalizing',
    paused: 'Paused',
    completed: 'Completed',
    failed: 'Failed',
    cancelled: 'Cancelled',
    expired: 'Expired',
    unknown: 'Unknown state',
  },
  tracking: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    stale: 'Out of date',
    offline: 'Offline',
    done: 'Done',
    stopped: 'Not watching',
  },
  figures: {
    tokens: 'Tokens',
    speed: 'Speed',
    elapsed: 'Elapsed',
    remaining: 'Remaining',
    position: 'Position',
    wait: 'Expected wait',
    input: 'Input',
    output: 'Output',
    total: 'Total tokens',
    duration: 'Duration',
    average: 'Average speed',
  },
  units: { s: 's', min: 'min', h: 'h' },

  about: (duration) => `about ${duration}`,
  range: (low, high) => `${low} to ${high}`,
  left: (duration) => `${duration} left`,
  tokens: (count, format) => `${format.count(count)} ${count === 1 ? 'token' : 'tokens'}`,
  rateUnit: 'tok/s',
  estimated: 'estimated',

  place: (position, size) => `${position} of ${size}`,
  firstToken: (duration) => `first token after ${duration}`,
  lastSeen: (duration) => `last seen ${duration} ago`,
  noAnswer: 'No answer yet',
  continued: 'continued from the kept text',
  restarted: 'started again from the beginning',
  attempt: (number, most) => `attempt ${number}${most === null ? '' : ` of ${most}`}`,

  progress: (name) => (name === '' ? 'Progress' : `Progress of ${name}`),
  answer: 'Answer',
  showAll: 'Show all',
  showLess: 'Show less',

  missing: 'No such job',
  missingWhy: 'It may have been deleted, or it is not yours.',
  failedBecause: (reason) => `The job failed: ${reason}.`,
  failedSomehow: 'The job failed.',
  youCancelled: 'You cancelled this job.',
  waitedTooLong: 'Its time to wait ran out before its turn came.',
  reasons: { CANCELLED_BY_OPERATOR: 'An operator cancelled this job.' },

  working: 'Working',
  completedIn: (tokens, duration) => `Completed: ${tokens} in ${duration}.`,
};

export default en;
