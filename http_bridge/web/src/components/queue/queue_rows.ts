import type { QueueEntry } from '@genwatch/client';

/** A run of jobs of others that is told in one line: from which place to which. */
export interface OthersRow {
  readonly kind: 'others';
  readonly key: string;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

export interface EntryRow {
  readonly kind: 'entry';
  readonly key: string;
  readonly entry: QueueEntry;
}

export type QueueRow = EntryRow | OthersRow;

/** Fewer than this are shown one by one. */
const MIN_RUN = 4;

/**
 * The entries of a queue, as one looks at them: one's own stand out, and many waiting jobs of others
 * in a row are one line. Entries that can be ordered about (those with an id) are never put together.
 */
export function queueRows(entries: readonly QueueEntry[]): readonly QueueRow[] {
  const rows: QueueRow[] = [];
  let run: QueueEntry[] = [];
  const endRun = (): void => {
    const first = run[0];
    const last = run.at(-1);
    if (first !== undefined && last !== undefined && run.length >= MIN_RUN) {
      rows.push({
        kind: 'others',
        key: `others-${first.position}`,
        count: run.length,
        from: first.position,
        to: last.position,
      });
    } else {
      rows.push(...run.map((entry) => entryRow(entry, entry.position)));
    }
    run = [];
  };
  entries.forEach((entry, index) => {
    if (entry.jobId === null && entry.state === 'queued' && entry.position > 0) {
      run.push(entry);
      return;
    }
    endRun();
    rows.push(entryRow(entry, index));
  });
  endRun();
  return rows;
}

function entryRow(entry: QueueEntry, place: number): EntryRow {
  return { kind: 'entry', key: entry.jobId ?? `${entry.state}-${place}`, entry };
}
