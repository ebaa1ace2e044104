// Shows what a mapping does to values, without asking or changing anything at the system.
import type { Command } from 'commander';
import type { Entity } from '../../lib/catalogue/entity.ts';
import { fromText } from '../../lib/catalogue/field-types.ts';
import { suggestion } from '../../lib/catalogue/near-names.ts';
import { sampleOf, tryField, type TriedField } from '../../lib/catalogue/try-mapping.ts';
import type { Value } from '../../lib/catalogue/value.ts';
import type { Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { readRow } from '../mapping-row.ts';
import type { Output } from '../output.ts';
import { withDatabase } from '../session.ts';

export function addMapping(context: CommandContext): void {
  const mapping = context.program.command('mapping').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox mapping try stripe customer 42`,
  );
  addTry(mapping, context);
}

function addTry(mapping: Command, { output, finish, systems }: CommandContext): void {
  mapping
    .command('try')
    .description('show each mapped field on its way to the system and back, with the steps of its transforms')
    .argument('<system>', 'the external system, such as stripe')
    .argument('<entity>', 'the kind of row, such as customer')
    .argument('[values...]', 'field=value, several; or the id of a row; without any, samples are used')
    .option('--json', 'print the fields as JSON')
    .addHelpText(
      'after',
      `
Only the id of a row is looked up, in the database; the system is not asked.
Exit status: 0 if each value comes back, 1 if one is too long or comes back as another one, 2 for a wrong field or value.

Examples:
  $ npx twinbox mapping try stripe customer
  $ npx twinbox mapping try stripe customer 42
  $ npx twinbox mapping try stripe customer name='Ada  Lovelace' email=Ada@example.com`,
    )
    .action(async (system: string, entity: string, given: string[], { json = false }: { json?: boolean }) => {
      const config = loadConfigAndCatalogue(undefined, { registry: systems });
      const definition = systems.get(system);
      const found = entityIn(config, entity);
      const document = definition.document(config.catalogue);
      if (document.entity !== entity)
        throw new CliError(
          exit.usage,
          `${definition.label} has no mapping for ${entity}; it has one for ${document.entity}.`,
        );
      const values = await valuesOf(given, found, config);
      const tried = document.fields.flatMap((rule) => {
        const field = found.fields.find(({ name }) => name === rule.internal);
        if (field === undefined || (values && !Object.hasOwn(values, field.name))) return [];
        return [tryField(rule, field, values ? (values[field.name] ?? null) : sampleOf(field))];
      });
      if (json) output.printJson({ system, entity, fields: tried.map(toJson) });
      else for (const field of tried) printField(field, definition.label, output);
      finish(tried.some((field) => !isRight(field)) ? exit.failed : exit.ok);
    });
}

function isRight({ outcome }: TriedField): boolean {
  return outcome === 'kept' || outcome === 'alike';
}

function entityIn({ catalogue: { entities } }: Config, name: string): Entity {
  const entity = Object.hasOwn(entities, name) ? entities[name] : undefined;
  if (entity) return entity;
  const known = Object.keys(entities);
  throw new CliError(
    exit.usage,
    `There is no entity "${name}"${suggestion(name, known)} (there are: ${known.join(', ')}).`,
  );
}

/** The values by field; null if samples are to be used. */
async function valuesOf(
  given: readonly string[],
  entity: Entity,
  config: Config,
): Promise<Record<string, Value> | null> {
  const [first] = given;
  if (first === undefined) return null;
  if (given.length > 1 || !/^\d+$/.test(first)) return readPairs(given, entity);
  const none = new CliError(exit.nothingMatched, `No ${entity.name} has the id ${first}.`);
  if (!Number.isSafeInteger(Number(first))) throw none;
  const row = await withDatabase(({ database: { db } }) => readRow(db, entity.name, Number(first)), {
    config,
    mayCreate: false,
  });
  if (row) return row;
  throw none;
}

function readPairs(given: readonly string[], entity: Entity): Record<string, Value> {
  const names = entity.fields.map(({ name }) => name);
  const pairs = given.map((text): [string, Value] => {
    const at = text.indexOf('=');
    if (at < 1)
      throw new CliError(exit.usage, `Write a value as field=value, not "${text}"; or give one id alone.`);
    const [name, cell] = [text.slice(0, at), text.slice(at + 1)];
    const field = entity.fields.find((each) => each.name === name);
    if (field === undefined)
      throw new CliError(
        exit.usage,
        `A ${entity.name} has no field "${name}"${suggestion(name, names)} (it has: ${names.join(', ')}).`,
      );
    const read = fromText(cell, field);
    if ('problem' in read) throw new CliError(exit.usage, `${name} ${read.problem}.`);
    return [name, read.value];
  });
  return Object.fromEntries(pairs);
}

const ARROWS = { both: '↔', push: '→', pull: '←' } as const;

function printField(tried: TriedField, label: string, output: Output): void {
  const { internal, external, direction, ours, toExternal, theirs, toInternal, back } = tried;
  output.printTitle(`${internal} ${ARROWS[direction]} ${external}`);
  if (tried.failure !== null) {
    output.print(`  ${shown(ours)}: ${tried.failure}; ${OUTCOMES.failed}`);
    return;
  }
  const line = (
    from: string,
    start: string | null,
    steps: TriedField['toExternal'],
    end: string | null,
  ): void =>
    output.print(
      `  ${from}: ${[shown(start), ...steps.map(({ transform, text }) => `${transform} ${shown(text)}`)].join(' → ')}${steps.at(-1)?.text === end || steps.length === 0 ? '' : ` → ${shown(end)}`}`,
    );
  line(`ours to ${label}`, ours, toExternal, theirs);
  line(`${label} to ours`, theirs, toInternal, back);
  output.print(`  ${OUTCOMES[tried.outcome]}${ONE_WAY[direction]}`);
}

const OUTCOMES = {
  kept: 'the value comes back as it was',
  alike: 'the value comes back in another form, which counts as the same',
  changed: 'the value comes back as another one each time, so the two sides would never agree',
  too_long: 'the value is too long for the system, so it is left as it is on both sides',
  failed: 'the value cannot be carried, so the pair would be parked',
} as const;

const ONE_WAY = {
  both: '',
  push: '; this field is only sent',
  pull: '; this field is only read',
} as const;

function shown(text: string | null): string {
  return text === null ? 'empty' : JSON.stringify(text);
}

function toJson({ toExternal, toInternal, ...tried }: TriedField): object {
  return { ...tried, to_external: toExternal, to_internal: toInternal };
}
