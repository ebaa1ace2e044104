// What Toy's double keeps: people, deleted people, and a list of events. What the system promises in its
// capabilities decides what the double does with tags, versions and deletes, so a changed line in
// capabilities.ts changes the double too.
import type { Capabilities } from '../../../../lib/integrations/integration.ts';
import { isValue, personFields } from '../system/fields.ts';

export type Promised = Pick<Capabilities, 'creates' | 'updates' | 'deletes' | 'quota' | 'merges'>;

export type Person = {
  id: string;
  full_name: string | null;
  mail: string | null;
  phone: string | null;
  points: number | null;
  newsletter: boolean | null;
  tag: string | null;
  /** ISO 8601, of its creation. */
  made: string;
  version: number;
};
/** What a request may set. */
export type Values = Partial<Omit<Person, 'id' | 'made' | 'version'>>;

export type ToyEvent = {
  id: string;
  type: 'person.created' | 'person.updated' | 'person.deleted' | 'person.merged';
  at: string;
  /** The idempotency key of the request that made it; null if a person did. */
  key: string | null;
  person: Person;
  /** The values before it that it changed; all of them for a deletion. */
  before: Values | null;
  /** Of a merge: the person that this one is a part of now. */
  into?: string;
};

export type Window = { from?: string | null; to?: string | null };
export type Refusal = {
  status: number;
  code: string;
  field?: string;
  /** The person who has the mail. */
  existing?: string[];
  /** The person that it was merged into. */
  into?: string;
};
export type Outcome = Person | Refusal;

export type People = ReturnType<typeof createPeople>;

/** Events leave the list after this time. */
export const KEPT_MS = 7 * 24 * 3_600_000;

/** `uniqueMails`: two people cannot have one mail. */
export function createPeople(promised: Promised, now: () => number, settings: { uniqueMails: boolean }) {
  const living = new Map<string, Person>();
  const deleted = new Map<string, Person>();
  const merged = new Map<string, string>();
  const events: ToyEvent[] = [];
  let serial = 0;

  const nextId = (prefix: string): string => `${prefix}_${(serial += 1)}`;
  const isoNow = (): string => new Date(now()).toISOString();

  function note(
    type: ToyEvent['type'],
    person: Person,
    key: string | null,
    before: Values | null,
    into?: string,
  ): void {
    const led = into === undefined ? {} : { into };
    events.push({ id: nextId('ev'), type, at: isoNow(), key, person: { ...person }, before, ...led });
  }

  function create({ tag = null, ...values }: Values, key: string | null): Outcome {
    const refusal = check(values) ?? checkMail(values, null);
    if (refusal) return refusal;
    const isTaken = [...living.values(), ...deleted.values()].some((one) => one.tag === tag);
    if (promised.creates === 'unique-tag' && tag !== null && isTaken)
      return { status: 409, code: 'tag_taken' };
    const person = { id: nextId('toy'), ...EMPTY, ...values, tag, made: isoNow(), version: 1 };
    living.set(person.id, person);
    note('person.created', person, key, null);
    return { ...person };
  }

  function update(
    id: string,
    values: Values,
    { key, version }: { key: string | null; version: string | null },
  ) {
    const person = living.get(id);
    if (!person) return absent(id);
    const refusal = check(values) ?? checkVersion(person, version) ?? checkMail(values, id);
    if (refusal) return refusal;
    const before = fieldsOf(person).filter(([name, value]) => name in values && values[name] !== value);
    Object.assign(person, values, { version: person.version + 1 });
    note('person.updated', person, key, Object.fromEntries(before));
    return { ...person };
  }

  function remove(id: string, { key, version }: { key: string | null; version: string | null }): Outcome {
    const person = living.get(id);
    if (!person) return absent(id);
    const refusal = checkVersion(person, version);
    if (refusal) return refusal;
    living.delete(id);
    deleted.set(id, person);
    note('person.deleted', person, key, Object.fromEntries(fieldsOf(person)));
    return { ...person };
  }

  /** Only people do this, and only where a delete is an archive. */
  function restore(id: string): Outcome {
    const person = deleted.get(id);
    if (!person || promised.deletes !== 'archive') return absent(id);
    deleted.delete(id);
    living.set(id, person);
    person.version += 1;
    note('person.updated', person, null, null);
    return { ...person };
  }

  /**
   * Only people do this: the winner keeps its values, and takes those of the loser where it has none;
   * the loser is gone.
   */
  function merge(id: string, into: string): Outcome {
    const [loser, winner] = [living.get(id), living.get(into)];
    if (!promised.merges || !loser || !winner || loser === winner) return absent(loser ? into : id);
    living.delete(id);
    merged.set(id, into);
    const names = [...Object.keys(EMPTY), 'tag'] as (FieldName | 'tag')[];
    const lacking = names.filter((name) => winner[name] === null && loser[name] !== null);
    const before = Object.fromEntries(lacking.filter((name) => name !== 'tag').map((name) => [name, null]));
    Object.assign(winner, Object.fromEntries(lacking.map((name) => [name, loser[name]])));
    winner.version += 1;
    note('person.merged', loser, null, null, into);
    note('person.updated', winner, null, before);
    return { ...winner };
  }

  function checkMail({ mail }: Values, own: string | null): Refusal | null {
    if (!settings.uniqueMails || typeof mail !== 'string') return null;
    const rival = [...living.values()].find((one) => one.id !== own && lower(one.mail) === lower(mail));
    return rival ? { status: 409, code: 'mail_taken', field: 'mail', existing: [rival.id] } : null;
  }

  /** A request without a version is refused; a person there has the newest one before their eyes. */
  function checkVersion(person: Person, version: string | null): Refusal | null {
    if (promised.updates !== 'version' || version === BY_HAND) return null;
    return version === String(person.version) ? null : { status: 409, code: 'version_moved' };
  }

  function absent(id: string): Refusal {
    const into = merged.get(id);
    if (into !== undefined) return { status: 410, code: 'merged', into };
    return deleted.has(id) ? { status: 410, code: 'deleted' } : { status: 404, code: 'not_found' };
  }

  return {
    create,
    update,
    remove,
    restore,
    merge,
    get: (id: string): Outcome => (living.has(id) ? { ...(living.get(id) as Person) } : absent(id)),
    /** Newest first. */
    list({ from, to }: Window = {}, by: Partial<Record<'tag' | 'mail', string | null>> = {}): Person[] {
      return [...living.values()]
        .filter(({ made }) => isWithin(made, from, to))
        .filter(({ tag, mail }) => (by.tag ?? tag) === tag && lower(by.mail ?? mail) === lower(mail))
        .map((person) => ({ ...person }))
        .reverse();
    },
    /** Oldest first, also those that have left the list. */
    events: (): ToyEvent[] => [...events],
    listedEvents({ from, to }: Window = {}): ToyEvent[] {
      const oldest = new Date(now() - KEPT_MS).toISOString();
      return events.filter(({ at }) => at >= oldest && isWithin(at, from, to)).reverse();
    },
  };
}

/** The version of whoever works in the system itself. */
export const BY_HAND = 'by hand';

export function isRefusal(outcome: Outcome): outcome is Refusal {
  return 'status' in outcome;
}

type FieldName = 'full_name' | 'mail' | 'phone' | 'points' | 'newsletter';

const EMPTY = { full_name: null, mail: null, phone: null, points: null, newsletter: null };

function fieldsOf(person: Person): [FieldName, Values[FieldName]][] {
  return (Object.keys(EMPTY) as FieldName[]).map((name) => [name, person[name]]);
}

function check(values: Values): Refusal | null {
  for (const [field, { maxLength }] of Object.entries(personFields)) {
    const value: unknown = values[field as FieldName] ?? null;
    const isShort = typeof value !== 'string' || value.length <= (maxLength ?? Infinity);
    const isMail = field !== 'mail' || typeof value !== 'string' || /^[^@\s]+@[^@\s]+$/.test(value);
    if (!isValue(field, value) || !isShort || !isMail) return { status: 422, code: 'invalid', field };
  }
  return null;
}

function isWithin(at: string, from: string | null | undefined, to: string | null | undefined): boolean {
  return at >= (from ?? '') && at <= (to ?? '9');
}

const lower = (text: string | null): string | null => text?.toLowerCase() ?? null;
