// Webhooks that arrive at the same time are stored by one statement.
//
// Guarantees: what is answered is durable, or refused with a row; a webhook that comes alone is stored at once; an
// event that the database refuses keeps out no other, because then each is stored by itself. A crash at any point
// leaves webhooks without an answer, and the system sends those again; of an event that was stored, a repeat
// changes nothing.
import { storeInboundEvents, type IncomingEvent } from '../../db/incoming.ts';
import { isOfOneRow } from '../../db/server/errors.ts';
import { createGather } from '../gather.ts';
import type { InboundEvent, IncomingItem } from '../integrations/integration.ts';
import { checkIncoming, finish, takeIn, takeInAll, type InboxDeps, type Taken } from './inbound.ts';

/** Stores what one verified body has in it. `trace`: of the request that brought it. */
export type Inbox = (items: readonly IncomingItem[], trace?: string) => Promise<Taken[]>;

/** While one statement waits for the disk, the next one is made. */
const STATEMENTS = 2;
/** The longest that a webhook waits for others is the time of a statement of this size. */
const EVENTS = 100;

type Arrived = { event: InboundEvent; trace: string | undefined };

export function createInbox(deps: InboxDeps): Inbox {
  const store = createGather<Arrived, Taken>({
    ...{ width: STATEMENTS, most: EVENTS, afterReading: true },
    work: (arrived) => storeTogether(deps, arrived),
  });
  return async (items, trace) => {
    const [only] = items;
    if (only?.ok === true && items.length === 1) return [await store({ event: only.event, trace })];
    return await takeInAll(withTrace(deps, trace), items);
  };
}

/** Stores the events; what follows for one of them, and its failure, is its own. */
async function storeTogether(deps: InboxDeps, arrived: readonly Arrived[]): Promise<Promise<Taken>[]> {
  const oneByOne = () => arrived.map(({ event, trace }) => takeIn(withTrace(deps, trace), event));
  if (arrived.length === 1) return oneByOne();
  const checked = arrived.map(({ event, trace }) => checkIncoming(withTrace(deps, trace), event));
  const readable = checked.flatMap((one) => ('incoming' in one ? [one.incoming] : []));
  const verdicts = await storeUnlessRefused(deps, readable);
  if (verdicts === null) return oneByOne();
  const verdictOf = new Map(readable.map((incoming, at) => [incoming, verdicts[at] ?? 'known']));
  return arrived.map(({ event, trace }, at) => {
    const own = withTrace(deps, trace);
    const one = checked[at];
    const verdict = one && 'incoming' in one ? verdictOf.get(one.incoming) : undefined;
    return verdict === undefined ? takeIn(own, event) : finish(own, event, verdict);
  });
}

/** Null if the database refuses one of the events: then none is stored. */
async function storeUnlessRefused({ db, clock, integration }: InboxDeps, events: readonly IncomingEvent[]) {
  try {
    return await storeInboundEvents(db, { system: integration.system, now: clock.now() }, events);
  } catch (error) {
    if (!isOfOneRow(error)) throw error;
    return null;
  }
}

function withTrace(deps: InboxDeps, trace: string | undefined): InboxDeps {
  return trace === undefined ? deps : { ...deps, trace };
}
