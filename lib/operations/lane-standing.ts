// How the lane of a system stands: what stops all its pairs, whoever asks about one of them.
import { readConnection } from '../../db/connections.ts';
import { readBreaker } from '../../db/limits/breakers.ts';
import { readLanePauses, readRowPause } from '../../db/limits/pauses.ts';
import { readRest } from '../../db/limits/rests.ts';
import { readLastAction } from '../../db/operator-actions.ts';
import type { Db } from '../../db/server/connection.ts';
import { missingRoles, readRoles } from '../health/roles.ts';
import type { Lane } from './explain-obstacles.ts';

type LaneAsked = {
  system: string;
  account: string;
  now: Date;
  /** Whose pause counts too; null where no row is known. */
  row: { entityType: string; rowId: number } | null;
};

export async function readLane(db: Db, { system, account, now, row }: LaneAsked): Promise<Lane> {
  const [connection, roles, pauses, rowPause] = await Promise.all([
    readConnection(db, system),
    readRoles(db),
    readLanePauses(db, system),
    row && readRowPause(db, { system, ...row }),
  ]);
  const of = { system, account: connection?.account ?? account };
  const [paused, breaker, rest] = await Promise.all([
    connection?.pausedAt ? readLastAction(db, { system, action: 'pause' }) : null,
    readBreaker(db, of),
    readRest(db, { ...of, now }),
  ]);
  const worker = roles.find(({ role }) => role === 'worker');
  const missing = missingRoles(roles).find(({ role }) => role === 'worker');
  const isRunning = worker !== undefined && worker.living.length > 0;
  return {
    connection,
    ...{ breaker, rest, pauses, rowPause },
    pausedBy: paused?.actor ?? null,
    noWorker: isRunning ? null : (missing?.says ?? 'no worker is running on this database'),
  };
}
