import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/shell/commands';
import { findCommands } from '../../src/shell/commands';

const command = (id: string, label: string, more: Partial<Command> = {}): Command => ({
  id,
  group: 'pages',
  label,
  run: () => undefined,
  ...more,
});

const commands = [
  command('wall', 'Wall'),
  command('queue', 'Queue'),
  command('j1', 'Why is the sky blue?', { group: 'jobs', detail: 'Failed', words: 'job_a1' }),
  command('j2', 'Über Fallhöhe', { group: 'jobs', detail: 'Completed', words: 'job_b2' }),
  command('dark', 'Appearance: Dark', { group: 'actions' }),
];

const found = (query: string): string[] => findCommands(commands, query).map(({ id }) => id);

describe('finding a command', () => {
  it('offers all for no words, in their order', () => {
    expect(found('  ')).toEqual(['wall', 'queue', 'j1', 'j2', 'dark']);
  });

  it('takes each word, wherever it stands', () => {
    expect(found('blue sky')).toEqual(['j1']);
    expect(found('blue queue')).toEqual([]);
  });

  it('looks at states, ids and hidden words, too', () => {
    expect(found('failed')).toEqual(['j1']);
    expect(found('job_b2')).toEqual(['j2']);
  });

  it('minds neither case nor accents', () => {
    expect(found('uber fallhohe')).toEqual(['j2']);
    expect(found('DARK')).toEqual(['dark']);
  });

  it('puts beginnings of words before their middles', () => {
    const more = [command('a', 'Overall'), command('b', 'To the wall'), command('c', 'Wall')];
    expect(findCommands(more, 'wall').map(({ id }) => id)).toEqual(['c', 'b']);
    expect(findCommands(more, 'all').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('keeps groups together', () => {
    const more = [
      command('page', 'Models'),
      command('job', 'Models of light', { group: 'jobs' }),
      command('other', 'Small models'),
    ];
    expect(findCommands(more, 'models').map(({ id }) => id)).toEqual(['page', 'other', 'job']);
  });
});
