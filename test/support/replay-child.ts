/**
 * A process that begins a replay, or does one round of every replay, and that a test may kill at a
 * failpoint: `node test/support/replay-child.ts <database> <time> <failpoints> [plan]`.
 */
import { createDb } from '../../db/server/connection.ts';
import { enableFailpoints } from '../../lib/failpoint.ts';
import { startReplay } from '../../lib/operations/replay-jobs.ts';
import { runReplayRounds } from '../../lib/operations/replay-round.ts';

const [url = '', time = '', failpoints = '', plan] = process.argv.slice(2);
enableFailpoints(failpoints);
const db = createDb({ url, poolSize: 2, applicationName: 'replay-child' });
const clock = { now: () => new Date(time) };
const quiet = (): void => undefined;
if (plan === undefined) await runReplayRounds({ db, clock, log: { info: quiet, warn: quiet } });
else
  await startReplay(
    { db, clock },
    { plan, rate: 4, stopShare: 0.5, max: null, actor: 'replay-child', reason: 'a test' },
  );
await db.destroy();
