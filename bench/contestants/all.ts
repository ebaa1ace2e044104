// Every contestant, in the order of the tables. To add one: docs/performance.md.
import type { Contestant } from './contestant.ts';
import { contestant as poller } from './poller.ts';
import { contestant as twinboxMinimal } from './twinbox-minimal.ts';
import { contestant as twinbox } from './twinbox.ts';

export const contestants: readonly Contestant[] = [twinbox, twinboxMinimal, poller];

/** Where a goal asks about one of them. */
export const OURS = twinbox.name;
