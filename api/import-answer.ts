// The answer of an import: NDJSON, written while the rows are read. A client that reads slowly holds back
// the import, once LEFT_MOST bytes wait for it.
import { once } from 'node:events';
import type { Response } from 'express';
import type { Columns } from '../lib/customers/import/columns.ts';
import type { Layout } from '../lib/customers/import/layout.ts';
import type { Counts, RowOutcome } from '../lib/customers/import/outcome.ts';

/** So much of the answer may wait: a client that sends all of its body before it reads gets that much. */
const LEFT_MOST = 4_000_000;
const PROGRESS_MS = 1_000;

export type ImportAnswerOptions = {
  dryRun: boolean;
  /** Whether a line is written about a customer that has other values. */
  reports: boolean;
};

export function createImportAnswer(res: Response, { dryRun, reports }: ImportAnswerOptions) {
  /** Lines from before the first batch: until then the answer may still be a refusal. */
  let held: string[] = [];
  let columns: Columns | null = null;
  let progressAt = performance.now() + PROGRESS_MS;

  function write(type: string, members: object): void {
    const line = `${JSON.stringify({ type, ...members })}\n`;
    if (res.headersSent) res.write(line);
    else held.push(line);
  }

  function begin(): void {
    if (res.headersSent) return;
    res.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8' });
    for (const line of held) res.write(line);
    held = [];
  }

  return {
    noteLayout(layout: Layout): void {
      columns = layout.columns;
      const { names, unused } = columns;
      const used = placesOf(columns).map(([field, position]) => [field, names[position] ?? '']);
      write('columns', { line: layout.line, used: Object.fromEntries(used) as object, unused });
    },
    noteResumed: (counts: Counts): void => write('resumed', counts),
    /** The rows of a batch. Settles once the client has taken enough, or `signal` aborts. */
    async putBatch(outcomes: readonly RowOutcome[], counts: Counts, signal: AbortSignal): Promise<void> {
      begin();
      for (const outcome of outcomes) {
        const line = lineOf(outcome, { dryRun, reports, columns });
        if (line) write(line.type, line.members);
      }
      if (performance.now() >= progressAt) {
        write('progress', counts);
        progressAt = performance.now() + PROGRESS_MS;
      }
      if (res.writableLength > LEFT_MOST && !signal.aborted)
        await once(res, 'drain', { signal }).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
    },
    end(type: 'summary' | 'stopped', members: object): void {
      begin();
      write(type, members);
      res.end();
    },
  };
}

type LineOptions = ImportAnswerOptions & { columns: Columns | null };

/** Null for a row that is plainly in the database now. */
function lineOf(
  outcome: RowOutcome,
  { dryRun, reports, columns }: LineOptions,
): { type: string; members: object } | null {
  const { line } = outcome;
  switch (outcome.outcome) {
    case 'refused': {
      const { code, reason, errors, rule } = outcome;
      const named = errors.map((error) => ({ ...error, ...columnOf(error.field, columns) }));
      return {
        type: 'refused',
        members: { line, code, message: reason, errors: named, ...(rule !== undefined && { rule }) },
      };
    }
    case 'different': {
      const { id, fields, reason } = outcome;
      return reports
        ? { type: 'different', members: { line, customer_id: id, fields, message: reason } }
        : null;
    }
    case 'repeated':
      return { type: 'would', members: { line, action: 'follow', of_line: outcome.ofLine } };
    default: {
      if (!dryRun) return null;
      const action = ACTIONS[outcome.outcome];
      const known = outcome.outcome === 'created' ? {} : { customer_id: outcome.id };
      return { type: 'would', members: { line, action, ...known } };
    }
  }
}

const ACTIONS = { created: 'create', updated: 'update', skipped: 'skip' } as const;

/** The column of a CSV file that holds a field; a name may come from the first of several. */
function columnOf(field: string, columns: Columns | null): { column?: string } {
  if (columns === null) return {};
  const places = new Map(placesOf(columns));
  const position = places.get(field) ?? (field === 'name' ? places.get('first_name') : undefined);
  const name = position === undefined ? undefined : columns.names[position];
  return name === undefined ? {} : { column: name };
}

function placesOf({ at, more }: Columns): [string, number][] {
  return [
    ...Object.entries(at),
    ...more.map(({ field, position }): [string, number] => [field.name, position]),
  ];
}
