import { Option, type Command } from 'commander';
import { plainText } from '../../lib/catalogue/field-types.ts';
import type { JsonValue } from '../../db/entities/rows.ts';
import { identityName, type Entity } from '../../lib/catalogue/entity.ts';
import { customerOf } from '../../lib/config/entity.ts';
import type { StoredConflict } from '../../db/conflicts.ts';
import {
  createConflictOperations,
  whyNotReversible,
  type ReverseOutcome,
} from '../../lib/operations/conflicts.ts';
import { systemClock } from '../../lib/clock.ts';
import { conflictKinds } from '../../lib/sync/merge.ts';
import { LIMIT_MAX, shortTime, toId, toLimit, toUuid } from '../choices.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';
import { withSource } from '../with-source.ts';

type ListOptions = {
  customer?: number;
  kind?: string;
  field?: string;
  reversed?: boolean;
  turned?: boolean;
  after?: string;
  limit: number;
  json?: boolean;
};

export function addConflicts(context: CommandContext): void {
  const conflicts = context.program.command('conflicts').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox conflicts list --customer 42
  $ npx twinbox conflicts show 0198c0de-0000-7000-8000-000000000001
  $ npx twinbox conflicts reverse 0198c0de-0000-7000-8000-000000000001`,
  );
  addList(conflicts, context);
  addShow(conflicts, context);
  addReverse(conflicts, context);
  addReverse(conflicts, context, 'turn');
}

function addList(conflicts: Command, { output, finish, systems }: CommandContext): void {
  conflicts
    .command('list', { isDefault: true })
    .description('list the conflicts, newest first')
    .option('--customer <id>', 'only those of this customer', toId)
    .addOption(new Option('--kind <kind>', 'only those of this kind').choices(conflictKinds))
    .option('--field <field>', 'only those about this field')
    .option('--reversed', 'only those that were reversed')
    .option('--no-reversed', 'only those that were not')
    .addOption(new Option('--turned', 'the old name of --reversed').hideHelp())
    .addOption(new Option('--no-turned', 'the old name of --no-reversed').hideHelp())
    .option('--after <id>', 'only those after this one in the list', toUuid)
    .option('--limit <number>', `the largest number of lines, up to ${LIMIT_MAX}`, toLimit, 50)
    .option('--json', 'print the list as JSON')
    .action(async ({ json = false, turned, ...asked }: ListOptions) => {
      const filter = turned === undefined ? asked : { reversed: turned, ...asked };
      const { entity, page, more } = await withSource(systems, async (source) => {
        const { found, next } = await source.conflicts(filter);
        return { entity: source.entity, page: found, more: next };
      });
      if (json) output.printJson({ conflicts: page.map((each) => toJson(entity, each)), after: more });
      else if (page.length === 0) sayNone(entity, asked.field, output);
      else {
        for (const line of table([HEAD, ...page.map(toRow)])) output.print(line);
        if (more !== null) output.say(`There are more: --after ${more}`);
      }
      finish(exit.ok);
    });
}

function addShow(conflicts: Command, { output, finish, systems }: CommandContext): void {
  conflicts
    .command('show')
    .description('show one conflict: its three values, and the rule that decided')
    .argument('<conflict>', 'the id of the conflict', toUuid)
    .option('--json', 'print the conflict as JSON')
    .action(async (id: string, { json = false }: { json?: boolean }) => {
      const { entity, conflict } = await withSource(systems, async (source) => ({
        entity: source.entity,
        conflict: await source.conflict(id),
      }));
      if (!conflict) {
        output.say(`No conflict has the id ${id}.`);
        return finish(exit.nothingMatched);
      }
      if (json) output.printJson(toJson(entity, conflict));
      else printConflict(entity, conflict, output);
      finish(exit.ok);
    });
}

/** `turn` is the old name of the command `reverse`. */
function addReverse(
  conflicts: Command,
  { output, finish, systems }: CommandContext,
  name: 'reverse' | 'turn' = 'reverse',
): void {
  conflicts
    .command(name, { hidden: name === 'turn' })
    .description('give the customer the value that was given up, unless a later edit changed the field')
    .argument('<conflict>', 'the id of the conflict', toUuid)
    .option('--reason <why>', 'why, for the record of who did what')
    .option('--json', 'print the result as JSON')
    .action(
      async (id: string, { json = false, reason = null }: { json?: boolean; reason?: string | null }) => {
        if (name === 'turn') output.say('`conflicts turn` is called `conflicts reverse` now.');
        const { entity, result } = await withDatabase(
          async ({ config, database: { db } }) => ({
            entity: customerOf(config),
            result: await createConflictOperations({
              ...{ db, clock: systemClock, entity: customerOf(config), nudge: () => undefined },
              documents: systems.enabled(config).map((system) => system.document(config.catalogue)),
            }).reverse(id, { context: { actor: commandActor() }, reason }),
          }),
          { mayCreate: false },
        );
        if (json) output.printJson(resultJson(entity, result));
        else sayResult(entity, id, result, output);
        finish(statusOf(result));
      },
    );
}

/** A field that a customer does not have may be a field of theirs alone, or a slip of the pen. */
function sayNone({ fields }: Entity, field: string | undefined, output: Output): void {
  const names = fields.map(({ name }) => name);
  output.say('There are no such conflicts.');
  if (field !== undefined && !names.includes(field))
    output.say(`A customer has no field ${field}; the fields are ${names.join(', ')}.`);
}

function statusOf({ outcome }: ReverseOutcome): number {
  if (outcome === 'reversed' || outcome === 'reversed_already') return exit.ok;
  return outcome === 'not_found' ? exit.nothingMatched : exit.failed;
}

function sayResult(entity: Entity, id: string, result: ReverseOutcome, output: Output): void {
  switch (result.outcome) {
    case 'not_found':
      return output.say(`No conflict has the id ${id}.`);
    case 'reversed':
      return output.say(
        `Customer ${result.conflict.internalId ?? '?'} has the ${result.conflict.field ?? 'value'} that was given up. Like any change, it will be sent to Stripe.`,
      );
    case 'reversed_already':
      return output.say('This conflict was reversed before. Nothing was changed.');
    case 'overtaken':
      return output.say(
        result.customer
          ? `A later edit has changed the customer: it has version ${result.customer.version} and another ${result.conflict.field ?? 'value'}. Nothing was changed.`
          : 'The customer was deleted after the conflict. Nothing was changed.',
      );
    case 'cannot_reverse':
      return output.say(`This conflict cannot be reversed. ${result.instead}`);
    case 'duplicate_email':
      return output.say(
        `Customer ${result.rivalId} has that ${identityName(entity)} now. Nothing was changed.`,
      );
    case 'refused':
      return output.say(`Nothing was changed: ${result.refusal.message}.`);
    case 'contended':
      return output.say('Other writers keep changing this customer. Nothing was changed. Try again.');
  }
}

function resultJson(entity: Entity, result: ReverseOutcome) {
  const version = 'customer' in result ? (result.customer?.version ?? null) : null;
  return {
    outcome: result.outcome,
    conflict: 'conflict' in result ? toJson(entity, result.conflict) : null,
    customer_version: version,
    ...(result.outcome === 'cannot_reverse' ? { instead: result.instead } : {}),
    ...(result.outcome === 'duplicate_email' ? { customer_id: result.rivalId } : {}),
    ...(result.outcome === 'refused' ? { refusal: result.refusal } : {}),
  };
}

const HEAD = ['when', 'customer', 'field', 'kind', 'won', 'ours', 'theirs', 'note', 'conflict'];

function toRow(conflict: StoredConflict): string[] {
  const { createdAt, internalId, field, kind, winner, ours, theirs, oursFrom, theirsFrom, note, id } =
    conflict;
  return [
    ...[shortTime(createdAt), String(internalId ?? '–'), field ?? '–', kind, winner],
    ...[whose(short(ours), oursFrom), whose(short(theirs), theirsFrom), note ?? '', id],
  ];
}

function short(value: JsonValue): string {
  const text = shown(value);
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}

function shown(value: JsonValue): string {
  return value === null ? '–' : plainText(value);
}

/** A value with who it is from, if that is known. */
function whose(value: JsonValue, from: string | null): string {
  return from === null ? shown(value) : `${shown(value)} (${from})`;
}

function printConflict(entity: Entity, conflict: StoredConflict, output: Output): void {
  const { kind, field, internalId, system, externalId, rule, winner, note, reversedAt } = conflict;
  const instead = whyNotReversible(entity, conflict);
  const rows = [
    ['conflict', conflict.id],
    ['when', `${shortTime(conflict.createdAt)} UTC`],
    ['customer', String(internalId ?? 'unknown')],
    ['record', `${system ?? 'a pair that is no more'} ${externalId ?? ''}`.trim()],
    ['what', field === null ? kind : `${kind}, ${field}`],
    ['base', shown(conflict.base)],
    ['ours', whose(conflict.ours, conflict.oursFrom)],
    ['theirs', whose(conflict.theirs, conflict.theirsFrom)],
    ['decided', `${rule}: ${winner}`],
    ...(note === null ? [] : [['note', reversedAt ? `${note} ${shortTime(reversedAt)} UTC` : note]]),
    ...(conflict.eventId === null ? [] : [['event', conflict.eventId]]),
    ...(conflict.intentId === null ? [] : [['intent', conflict.intentId]]),
  ];
  for (const line of table(rows)) output.print(line);
  if (reversedAt) return;
  output.say(instead ?? `npx twinbox conflicts reverse ${conflict.id}   gives the customer the other value`);
}

function toJson(entity: Entity, conflict: StoredConflict) {
  const { id, kind, field, base, ours, theirs, rule, winner, note, system, internalId, externalId } =
    conflict;
  return {
    id,
    created_at: conflict.createdAt,
    customer: internalId,
    system,
    external_id: externalId,
    kind,
    field,
    base,
    ours,
    theirs,
    ours_from: conflict.oursFrom,
    theirs_from: conflict.theirsFrom,
    rule,
    winner,
    note,
    reversible: conflict.reversedAt === null && whyNotReversible(entity, conflict) === null,
    reversed_at: conflict.reversedAt,
    event_id: conflict.eventId,
    intent_id: conflict.intentId,
  };
}
