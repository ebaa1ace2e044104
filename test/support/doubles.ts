import type { Db } from '../../db/server/connection.ts';
import type { StoredEvent } from '../../simulator/objects/objects.ts';

/** The looks before creates, by mapping: how many events of theirs there were by then, and how many records were found. */
export type Looks = { mapping: number; events: number; found: number }[];

type Living = Map<string, string | null>;

/**
 * The rule of first contact: no second living record with one identity unless a person decided so.
 * A record of ours breaks it if another one had its email already at the engine's last look before
 * the create; or if the engine never looked and no person asked for a new record all the same.
 */
export async function doublesOf(db: Db, events: StoredEvent[], looks: Looks): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { key: string; mapping: number }[] }>(
    `select key, mapping_id as mapping from sync_intents where operation = 'create'
     union all select intent ->> 'key', id from external_mappings where intent ->> 'operation' = 'create'`,
  );
  const mappingOf = new Map(rows.map(({ key, mapping }) => [key, mapping]));
  const asked = await mappingsAskedAnew(db);
  return events.flatMap((event, at) => {
    const mapping = mappingOf.get(event.request.idempotency_key ?? '');
    if (event.type !== 'customer.created' || mapping === undefined) return [];
    const before = looks.filter((one) => one.mapping === mapping && one.events <= at);
    // A worker that lost its lease may look once more while the request of another is under way: what it finds stops nothing.
    const look = before.findLast(({ found }) => found === 0) ?? before.at(-1);
    const { id, email } = customerOf(event);
    if (email === null) return [];
    if (!look) return asked.has(mapping) ? [] : [`${id} was made without a look, by mapping ${mapping}`];
    const alike = [...livingAfter(events.slice(0, look.events))].filter(
      ([other, has]) => other !== id && has?.toLowerCase() === email.toLowerCase(),
    );
    return alike.map(([other]) => `${id} was made although ${other} had its email, by mapping ${mapping}`);
  });
}

/** Requested by `link CUSTOMER --create`. */
async function mappingsAskedAnew(db: Db): Promise<Set<number>> {
  const { rows } = await db.raw<{ rows: { mapping: number }[] }>(
    `select p.mapping_id as mapping from operator_action_pairs p join operator_actions a on a.id = p.action_id
     where a.action = 'link' and jsonb_exists(a.detail, 'new_record')`,
  );
  return new Set(rows.map(({ mapping }) => mapping));
}

function livingAfter(events: StoredEvent[]): Living {
  const living: Living = new Map();
  for (const event of events) {
    const { id, email } = customerOf(event);
    if (event.type === 'customer.deleted') living.delete(id);
    else if (/^customer\.(created|updated)$/.test(event.type)) living.set(id, email);
  }
  return living;
}

function customerOf({ data: { object } }: StoredEvent): { id: string; email: string | null } {
  return { id: object.id, email: 'email' in object ? object.email : null };
}
