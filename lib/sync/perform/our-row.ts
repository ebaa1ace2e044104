// What the writes into our row share.
import { readRow } from '../../../db/entities/rows.ts';
import { describeRefusal, RowSwallowed } from '../../../db/row-rules.ts';
import type { Tx } from '../../../db/server/connection.ts';
import type { Step, SyncDeps } from '../step.ts';
import type { Performed } from './performed.ts';

/**
 * Why a change hit no row: another writer has changed or deleted it, or it stands as it was loaded,
 * and the table swallowed the change.
 */
export async function missed(
  tx: Tx,
  { entity }: Pick<SyncDeps, 'entity'>,
  row: { id: number; version: number },
): Promise<'moved'> {
  const present = await readRow(tx, entity, row.id);
  if (present?.deletedAt === null && present.version === row.version) throw new RowSwallowed('update');
  return 'moved';
}

/** A write that the user's table refuses is met by the next decision; any other error is thrown on. */
export async function refusedBy(deps: SyncDeps, step: Step, error: unknown): Promise<Performed> {
  const table = await describeRefusal(deps.db, deps.entity, error);
  if (table === null) throw error;
  step.progress = { ...step.progress, obstacle: { table } };
  return 'decide';
}

/** What the event of a row that this step writes says of its cause. */
export function causedBy(
  { tracing }: Pick<SyncDeps, 'tracing'>,
  step: Step,
  hop: number,
): Record<string, unknown> {
  const cause = step.deliveries.find((d) => d.inbound !== null);
  const trace = tracing?.here();
  return { hop: hop + 1, ...(cause && { caused_by: cause.eventId }), ...(trace && { trace }) };
}
