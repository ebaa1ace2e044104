import { expect } from 'chai';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import type { FieldRule, Fields } from '../../lib/catalogue/document.ts';
import { readField } from '../../lib/integrations/stripe/read-field.ts';
import { same } from '../../lib/sync/canonical.ts';
import type { SyncDeps } from '../../lib/sync/step.ts';
import { mergedValue } from './merged-value.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { snapshot, type CustomerState, type Snapshot } from './snapshot.ts';

export type LoggedLine = { event: string } & Record<string, unknown>;

/** `deps`: what the rows are; without it no field names another row. */
type Seen = { simulator: Simulator; log: LoggedLine[]; deps?: Pick<SyncDeps, 'entity'> };
export type Observed = Pick<SyncDeps, 'db' | 'integration'> & Seen;

const OPEN = new Set(['queued', 'waiting', 'parked']);

/** What must hold at any moment while no step is running. */
export async function expectInvariants(world: Observed): Promise<void> {
  const all = await snapshot(world.db);
  expect([...brokenAlways(world, all)]).to.deep.equal([]);
}

/**
 * What must hold in addition once all due work is done, and every edit at the external system was
 * received.
 */
export async function expectAgreement(world: Observed): Promise<void> {
  const all = await snapshot(world.db);
  expect([...brokenAlways(world, all), ...brokenAtRest(world, all)]).to.deep.equal([]);
}

function* brokenAlways(world: Observed, all: Snapshot): Generator<string> {
  const { repeated } = world.simulator.ledger.effects();
  for (const { idempotency_key: key, effects } of repeated) yield `key ${key} had ${effects} effects`;
  yield* brokenVersions(all);
  yield* brokenDeliveries(all);
  yield* brokenMappings(world, all);
  yield* brokenKeys(world, all);
  yield* brokenOrder(world, all);
  yield* brokenTags(world, all);
  yield* leaks(world, all);
}

/**
 * From 1 to the row's own version, without a gap except where a restore has moved the versions
 * forward.
 */
function* brokenVersions({ customers, events, restores }: Snapshot): Generator<string> {
  const jumps = new Set(restores.map(({ versions_from: from }) => from));
  for (const { id, version } of customers) {
    const versions = events.filter((event) => event.entity_id === id).map((event) => event.version ?? 0);
    const follow = versions.every((one, at) => one === (versions[at - 1] ?? 0) + 1 || jumps.has(one));
    if (!follow || versions.at(-1) !== version) yield `customer ${id} has the versions ${versions.join()}`;
  }
}

function* brokenDeliveries({ deliveries, mappings, intents }: Snapshot): Generator<string> {
  const byEvent = new Map(deliveries.map((delivery) => [delivery.event_id, delivery]));
  for (const delivery of deliveries) {
    const name = `delivery of version ${delivery.version} (${delivery.status})`;
    const mapping = mappings.find(({ id }) => id === delivery.mapping_id);
    if (!mapping) {
      yield `${name} has no mapping`;
      continue;
    }
    const open = OPEN.has(delivery.status);
    if (open !== (delivery.settled_at === null)) yield `${name} has the wrong settled_at`;
    const hasReason = mapping.state === delivery.status && mapping.reason !== null;
    if (open && mapping.dirty === mapping.clean && !hasReason)
      yield `${name} is open, and no step is due for it: mapping ${mapping.state} ${shownReason(mapping)}`;
    const carrier = intents.find(({ id }) => id === delivery.intent_id);
    if (delivery.status === 'superseded') {
      const by = byEvent.get(delivery.superseded_by ?? '');
      const newer = by?.mapping_id === delivery.mapping_id && (by.version ?? 0) > (delivery.version ?? 0);
      if (!newer && carrier?.result !== 'done') yield `${name} is superseded by nothing`;
    }
    if (delivery.status === 'applied' && delivery.inbound === null) {
      if (carrier?.result !== 'done') yield `${name} names no intent that was done`;
    }
  }
}

function* brokenMappings(world: Observed, all: Snapshot): Generator<string> {
  const { integration, simulator, deps } = world;
  const merged = mergedValue(deps?.entity, all.mappings);
  const rules = integration.document.fields;
  for (const mapping of all.mappings) {
    const row = all.customers.find(({ id }) => id === mapping.internalId);
    const name = `mapping ${mapping.id} (${mapping.state})`;
    if (mapping.clean > mapping.dirty) yield `${name} is clean beyond its dirty number`;
    const isCopied = mapping.state === 'detached' && mapping.reason?.code === 'copied';
    if ((['waiting', 'parked'].includes(mapping.state) || isCopied) !== (mapping.reason !== null))
      yield `${name} and its reason ${shownReason(mapping)} do not fit`;
    if (!row || mapping.role === 'alias' || mapping.system !== integration.system) continue;
    if (Math.max(mapping.pushedVersion, mapping.wantedVersion) > row.version)
      yield `${name} is beyond version ${row.version}`;
    const calm = mapping.state === 'linked' && mapping.dirty === mapping.clean && !mapping.intent;
    const shown = valuesShown(simulator, mapping, rules);
    // Test data that was deleted is gone with everything that was ever said of it.
    const isGone = mapping.reason?.code === 'missing' || (mapping.state === 'detached' && shown.length === 0);
    for (const { internal: field, external } of rules) {
      const pair = mapping.shadow[field];
      const rule = rules.find((candidate) => candidate.internal === field);
      if (!rule || (!pair && mapping.externalId === null)) continue;
      // A pair that was just linked has a shadow after its first read.
      if (!pair) {
        if (calm) yield `${name} has no shadow of ${field}`;
      } else if (calm && row.deleted_at === null && !same(rule, pair.ours, merged(row, field)))
        yield `${name} is clean, and our half of ${field} is not the row's`;
      else if (
        !isGone &&
        // A substitute for the name may come with a record that takes the place of another one; the
        // first read, or the end of the pair, removes it.
        !(pair.reason === 'derived' && (mapping.mustRead || mapping.state === 'tombstoned')) &&
        !shown.some((values) => same(rule, values[external], pair.theirs))
      )
        yield `${name} holds a half of ${field} that they never showed`;
    }
  }
}

/** Every write that reached the external system was an intent of ours before. */
function* brokenKeys({ simulator }: Observed, { intents, mappings }: Snapshot): Generator<string> {
  const open = mappings.flatMap(({ intent }) => (intent ? [intent.key] : []));
  const known = new Set([...intents.map(({ key }) => key), ...open]);
  for (const call of simulator.ledger.entries({ source: 'api', method: 'POST' }))
    // Subscriptions are made by people.
    if (!known.has(call.idempotency_key ?? '') && call.path !== '/v1/subscriptions')
      yield `a write without an intent: ${call.path}`;
}

/**
 * A write that was decided later took effect later, whichever worker sent it and however late it
 * came.
 */
function* brokenOrder({ simulator }: Observed, { intents }: Snapshot): Generator<string> {
  const byKey = new Map(intents.map((intent) => [intent.key, intent]));
  const last = new Map<number, number>();
  for (const { idempotency_key: key, effect } of simulator.ledger.entries({
    source: 'api',
    method: 'POST',
  })) {
    const intent = effect ? byKey.get(key ?? '') : undefined;
    if (!intent) continue;
    const { mapping_id: mapping, number } = intent;
    const before = last.get(mapping) ?? 0;
    if (number < before) yield `intent ${number} of mapping ${mapping} took effect after ${before}`;
    last.set(mapping, number);
  }
}

/** A second record that is a known alias was made by hand. */
function* brokenTags({ simulator }: Observed, { customers, mappings }: Snapshot): Generator<string> {
  // A record that a person has called gone, or has detached, does not count either.
  const apart = mappings.filter(({ role, state }) => role === 'alias' || state === 'detached');
  const aliases = new Set(apart.map(({ externalId }) => externalId));
  const own = simulator.customers().filter((customer) => !aliases.has(customer.id));
  const voided = new Map(mappings.map(({ externalId, voidTag }) => [externalId, voidTag]));
  for (const { id, created_event_id: ownerTag } of customers) {
    const tagged = own.filter(
      (customer) =>
        Object.values(customer.metadata).includes(ownerTag) && voided.get(customer.id) !== ownerTag,
    );
    if (tagged.length > 1) yield `customer ${id} lives ${tagged.length} times at the other side`;
  }
}

/** Neither names nor emails are in the log. */
function* leaks({ log, simulator }: Observed, { customers }: Snapshot): Generator<string> {
  const text = JSON.stringify(log);
  const people = [...customers.map(fieldsOf), ...simulator.customers()].flatMap(({ name, email }) => [
    name,
    email,
  ]);
  for (const value of new Set(people))
    if (typeof value === 'string' && value.length > 3 && text.includes(value))
      yield `the log contains ${value}`;
}

function* brokenAtRest(world: Observed, all: Snapshot): Generator<string> {
  const received = new Set(all.deliveries.map(({ event_id: id }) => id));
  for (const event of all.events)
    if (!received.has(event.event_id))
      yield `version ${event.version} of ${event.entity_id} was not received`;
  for (const { status, version } of all.deliveries)
    if (status === 'queued') yield `the delivery of version ${version} is still queued`;
  for (const mapping of all.mappings) {
    const name = `mapping ${mapping.id} (${mapping.state})`;
    if (mapping.dirty !== mapping.clean) yield `${name} is still dirty`;
    if (mapping.leased) yield `${name} is still leased`;
    if (mapping.intent && mapping.reason === null) yield `${name} still has an open intent`;
  }
  yield* disagreements(world, all);
}

function* disagreements({ integration, simulator }: Observed, all: Snapshot): Generator<string> {
  const living = new Map(simulator.customers().map((customer) => [customer.id, customer]));
  for (const row of all.customers) {
    // A pair that a person ended belongs to the row only where the row has had no other since.
    const own = all.mappings.filter((m) => m.internalId === row.id && m.role === 'primary');
    const mapping = own.find((m) => m.state !== 'detached') ?? own[0];
    if (!mapping || mapping.reason !== null || mapping.state === 'detached') continue;
    const theirs = living.get(mapping.externalId ?? '');
    if (row.deleted_at !== null) {
      if (mapping.state === 'tombstoned' && theirs) yield `customer ${row.id} is gone here and lives there`;
      continue;
    }
    if (!theirs) {
      yield `customer ${row.id} lives here and not there`;
      continue;
    }
    const values = mappedIn(theirs, integration.document.fields);
    for (const rule of integration.document.fields) {
      const left = mapping.shadow[rule.internal]?.reason !== undefined;
      if (!left && !same(rule, values[rule.external], fieldsOf(row)[rule.internal]))
        yield `customer ${row.id}: ${rule.internal} differs`;
    }
  }
  const linked = new Set(all.mappings.map(({ externalId }) => externalId));
  for (const customer of living.values())
    if (Object.keys(customer.metadata).length > 0 && !linked.has(customer.id))
      yield `${customer.id} carries our owner tag and is linked to nothing`;
}

/**
 * All values that this customer ever had at the external system, by its events as far as they are
 * kept, and its present ones.
 */
function valuesShown(
  simulator: Simulator,
  { account, externalId }: Pick<Mapping, 'account' | 'externalId'>,
  rules: readonly FieldRule[],
): Fields[] {
  const reported = simulator.events(account).map((event) => event.data.object as { id?: string });
  return [...reported, ...simulator.customers(account)].flatMap((values) =>
    values.id === externalId ? [mappedIn(values, rules)] : [],
  );
}

function mappedIn(customer: object, rules: readonly FieldRule[]): Fields {
  const values = rules.map(({ external }) => [external, readField({ ...customer }, external).value ?? null]);
  return Object.fromEntries(values) as Fields;
}

function fieldsOf({ fields }: CustomerState): Fields {
  return fields;
}
