// Every contestant, in the order of the tables. To add one: docs/performance.md.
import type { Contestant } from './contestant.ts';
import { contestant as debezium } from './debezium.ts';
import { contestant as graphileWorker } from './graphile-worker.ts';
import { contestant as pgBoss } from './pg-boss.ts';
import { contestant as pgTransactionalOutbox } from './pg-transactional-outbox.ts';
import { contestant as poller } from './poller.ts';
import { contestant as twinboxMinimal } from './twinbox-minimal.ts';
import { contestant as twinbox } from './twinbox.ts';

export const contestants: readonly Contestant[] = [
  twinbox,
  twinboxMinimal,
  debezium,
  poller,
  pgBoss,
  graphileWorker,
  pgTransactionalOutbox,
];

/** Where a goal asks about one of them. */
export const OURS = twinbox.name;
