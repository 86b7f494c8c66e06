/** Something that the command palette offers. */
export interface Command {
  readonly id: string;
  readonly group: 'pages' | 'jobs' | 'actions';
  readonly label: string;
  /** A word beside it: a state, or the choice that holds now. */
  readonly detail?: string;
  /** Also found by these words, which are not shown. */
  readonly words?: string;
  readonly run: () => void | Promise<void>;
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();

/** How well one word fits: the beginning of the text, of a word in it, or anywhere. 0: not at all. */
function fit(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at < 0) return 0;
  if (at === 0) return 3;
  return text.includes(` ${word}`) ? 2 : 1;
}

/**
 * Those that have every word of the query, the best first; all of them, in their order, for an
 * empty one. Accents and case do not count. Groups stay together, in the order of their best.
 */
export function findCommands(commands: readonly Command[], query: string): readonly Command[] {
  const words = plain(query)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return commands;
  const scored = commands
    .map((command) => {
      const text = plain(`${command.label} ${command.words ?? ''} ${command.detail ?? ''}`);
      const fits = words.map((word) => fit(word, text));
      return { command, score: fits.includes(0) ? 0 : fits.reduce((sum, one) => sum + one, 0) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const groups = [...new Set(scored.map(({ command }) => command.group))];
  return groups.flatMap((group) =>
    scored.filter(({ command }) => command.group === group).map(({ command }) => command),
  );
}
