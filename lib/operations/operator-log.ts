// What people asked for by commands that come and go is put into the log of a process that stays,
// at warn, with who and why.
//
// A crash after the lines and before the position: they are logged once more. Two workers that look
// at one moment log them twice.
import type { Db } from '../../db/server/connection.ts';
import { readActionsAfter } from '../../db/operator-actions.ts';
import { readWalkPosition, saveWalkPosition } from '../../db/relay/receive-gap.ts';

const POSITION = 'operator-log';
const PAGE = 100;

/** Logs the records that no process has logged yet; answers how many. */
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
