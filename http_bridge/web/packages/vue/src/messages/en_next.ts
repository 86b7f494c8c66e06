import type { NextStep } from './types';

/** What to do, in English. Apart from the rest: most jobs end well, and never need it. */
const next: Readonly<Record<NextStep, string>> = {
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
};

export default next;
