// Operations that people asked for in a command, whose process ends, are written into the log of a
// process that keeps running, at level warn, with the person and the reason.
//
// After a crash between the log lines and the stored position they are logged once more. Two
// workers that read at the same moment log them twice.
import type { Db } from '../../db/server/connection.ts';
import { readActionsAfter } from '../../db/operator-actions.ts';
import { readWalkPosition, saveWalkPosition } from '../../db/relay/receive-gap.ts';

const POSITION = 'operator-log';
const PAGE = 100;

/** Logs the operations that no process has logged yet; returns how many. */
export async function logActions({
  db,
  log,
}: {
  db: Db;
  log: { warn(event: string, fields: Record<string, unknown>): void };
}): Promise<number> {
  const actions = await readActionsAfter(db, await readWalkPosition(db, POSITION), PAGE);
  for (const { action, system, actor, reason, detail, at } of actions)
    log.warn(`operator.${action}`, { system, actor, reason, ...detail, at });
  const last = actions.at(-1);
  if (last) await saveWalkPosition(db, POSITION, last.id);
  return actions.length;
}
