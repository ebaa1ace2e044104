// `twinbox link CUSTOMER --record ID`, `--create` and `--accept-deletion`: which record a customer
// is linked with, and what happens to a customer whose record was deleted at its system. The rules
// are in lib/operations/record-choice.ts.
import {
  listHeldDeletions,
  listLeftAliases,
  type HeldDeletion,
  type LeftRecord,
} from '../../db/mappings/aliases.ts';
import type { Entity } from '../../lib/catalogue/entity.ts';
import { customerOf } from '../../lib/config/entity.ts';
import type { Db } from '../../db/server/connection.ts';
import { systemClock } from '../../lib/clock.ts';
import {
  createChoiceOperations,
  type AcceptOutcome,
  type ChoiceOutcome,
  type NewOutcome,
} from '../../lib/operations/record-choice.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { shortTime } from '../choices.ts';
import { count, table, type Output } from '../output.ts';
import { withDatabase } from '../session.ts';
import type { About } from '../systems.ts';

export type RecordOptions = { record?: string; create?: boolean; acceptDeletion?: boolean; json?: boolean };

type Result = ChoiceOutcome | NewOutcome | AcceptOutcome;

/** Stores the choice at once; then a worker reads the record and merges. */
export async function linkRecord(
  { system, config }: About,
  { customer, record, create = false, json = false }: RecordOptions & { customer: number },
  output: Output,
): Promise<number> {
  const result = await withDatabase(
    async ({ database: { db } }): Promise<Result> => {
      if (record !== undefined)
        return operationsOf(db, customerOf(config), system).choose(customer, record, commandActor());
      return create
        ? operationsOf(db, customerOf(config), system).makeNew(customer, commandActor())
        : operationsOf(db, customerOf(config), system).acceptDeletion(customer, commandActor());
    },
    { mayCreate: false, config },
  );
  if (json) output.printJson(resultJson(result));
  else output.say(describeResult(customer, result));
  if (result.outcome === 'not_found') return exit.nothingMatched;
  return 'customer' in result ? exit.ok : exit.failed;
}

function operationsOf(db: Db, entity: Entity, { name, externalType }: SystemDefinition) {
  const target = { system: name, externalType };
  return createChoiceOperations({ db, clock: systemClock, nudge: () => undefined, entity, target });
}

function describeResult(customer: number, result: Result): string {
  switch (result.outcome) {
    case 'linked':
      return `Customer ${customer} is linked with ${result.externalId} now; a worker reads that record and merges. ${result.insteadOf ?? 'The record before'} is no longer linked, and stays as it is.`;
    case 'linked_already':
      return `Customer ${customer} is linked with ${result.externalId} already. Nothing was changed.`;
    case 'consented':
      return `A worker reads ${result.externalId} and links customer ${customer} with that record. Until then ${result.insteadOf ?? 'no record'} is linked.`;
    case 'consented_already':
      return `This record was chosen before; a worker links it.`;
    case 'new_consented':
      return `A worker creates a new record for customer ${customer}; the other records like it stay as they are.`;
    case 'new_consented_already':
      return 'The new record was decided before; a worker creates it.';
    case 'accepted':
      return `A worker deletes customer ${customer} in our table, as ${result.externalId ?? 'its record'} was deleted at Stripe. Its other records stay.`;
    case 'accepted_already':
      return 'The deletion was accepted before; a worker deletes the customer.';
    case 'cannot_link':
    case 'in_progress':
      return `Nothing was changed. ${result.why}`;
    case 'not_found':
      return `No customer has the id ${customer}, or it was deleted.`;
  }
}

function resultJson(result: Result): object {
  if (!('customer' in result)) return result;
  const { outcome, customer, externalId } = result;
  return {
    outcome,
    customer,
    external_id: externalId,
    instead_of: 'insteadOf' in result ? result.insteadOf : null,
  };
}

export type OtherRecords = { held: HeldDeletion[]; left: LeftRecord[] };

const SHOWN = 1_000;

/**
 * Customers that wait because one of two records was deleted at the system, and records that stayed
 * when their customer was deleted in our table.
 */
export async function findOtherRecords(db: Db, system: string): Promise<OtherRecords> {
  return {
    held: await listHeldDeletions(db, system, SHOWN),
    left: await listLeftAliases(db, system, SHOWN),
  };
}

export function printOtherRecords({ held, left }: OtherRecords, output: Output): void {
  if (held.length > 0) {
    const rows = held.map((each) => [
      ...[String(each.customerId), each.externalId, each.aliases.join(' '), shortTime(each.since)],
      each.accepted ? 'the deletion is accepted; a worker deletes the customer' : 'a person decides',
    ]);
    for (const line of table([['customer', 'deleted at Stripe', 'other records', 'since', 'then'], ...rows]))
      output.print(line);
    output.say(
      `The record of ${count(held.length, 'customer')} was deleted at Stripe, and another record exists: ` +
        'npx twinbox link CUSTOMER --record ID links the other record, --accept-deletion deletes the customer in our table.',
    );
  }
  if (left.length === 0) return;
  const rows = left.map((each) => [
    ...[each.externalId, String(each.customerId ?? '–'), each.email ?? '–', shortTime(each.since)],
  ]);
  for (const line of table([['record', 'was of customer', 'email', 'since'], ...rows])) output.print(line);
  output.say(
    `${count(left.length, 'second record')} stayed at Stripe when the customer was deleted in our table: delete them at Stripe, or link ` +
      'one with another customer: npx twinbox link CUSTOMER --record ID.',
  );
}

export function otherRecordsJson({ held, left }: OtherRecords): object {
  return {
    held_deletions: held.map(({ customerId: customer, externalId, aliases, accepted, since }) => ({
      ...{ customer, external_id: externalId, other_records: aliases, accepted, since },
    })),
    left_there: left.map(({ externalId, customerId: customer, email, since }) => ({
      ...{ external_id: externalId, customer, email, since },
    })),
  };
}
