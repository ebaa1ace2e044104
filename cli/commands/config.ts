// Checks the settings and the file of the catalogue, and shows what stands.
import type { Command } from 'commander';
import { relative } from 'node:path';
import type { Condition } from '../../lib/catalogue/condition.ts';
import type { Entity, Field } from '../../lib/catalogue/entity.ts';
import type { FieldRule, MappingDocument } from '../../lib/catalogue/document.ts';
import type { Value } from '../../lib/catalogue/value.ts';
import type { Config } from '../../lib/config/config.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { table, type Output } from '../output.ts';

export function addConfig(context: CommandContext): void {
  const config = context.program.command('config').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox config check
  $ TWINBOX_CONFIG=next.config.ts npx twinbox config check`,
  );
  addCheck(config, context);
}

function addCheck(config: Command, { output, finish, systems }: CommandContext): void {
  config
    .command('check', { isDefault: true })
    .description(
      'show the tables, fields and mappings that stand, or every problem of the file and the settings',
    )
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
The file is twinbox.config.ts or twinbox.config.json in the working folder, or the one that TWINBOX_CONFIG names.
Nothing is read but the file and the settings: no database, no system.
Exit status: 0 if all can be used, 78 otherwise; each problem is named with its place in the file.

Examples:
  $ npx twinbox config check
  $ TWINBOX_CONFIG=deploy/twinbox.config.json npx twinbox config check --json`,
    )
    .action(({ json = false }: { json?: boolean }) => {
      const loaded = loadConfigAndCatalogue(undefined, { registry: systems });
      const shown = systems.enabled(loaded).map((system) => ({
        system,
        document: system.document(loaded.catalogue),
      }));
      if (json) output.printJson(toJson(loaded, shown));
      else print(loaded, shown, output);
      finish(exit.ok);
    });
}

type Shown = { system: SystemDefinition; document: MappingDocument };

function print({ catalogue, configFile }: Config, shown: readonly Shown[], output: Output): void {
  output.say(
    configFile === null
      ? 'There is no file of your own; the built-in tables, fields and mappings stand.'
      : `${relative('.', configFile)} can be used.`,
  );
  for (const entity of Object.values(catalogue.entities)) {
    const { name, table: ofEntity, identity } = entity;
    output.printTitle(`${name}: table ${ofEntity}, identity ${identity ?? 'none'}`);
    const rows = entity.fields.map((field) => [`  ${field.name}`, field.column, describeField(field)]);
    for (const line of table([['  field', 'column', 'type'], ...rows])) output.print(line);
  }
  for (const { system, document } of shown) {
    output.printTitle(`${system.label}: ${document.entity}`);
    const rows = document.fields.map((rule) => [`  ${rule.internal}`, ...describeRule(rule)]);
    for (const line of table([['  ours', '', 'theirs', 'in a conflict'], ...rows])) output.print(line);
    if (document.condition) output.print(`  ${describeCondition(document.condition)}`);
  }
}

/** `only rows whose plan is not "free"; the record of a row that leaves: detach`. */
function describeCondition({ when, onLeave }: Condition): string {
  const { field } = when;
  const says = (value: Value): string => (value === null ? 'empty' : JSON.stringify(value));
  const asks =
    'in' in when
      ? `is one of ${when.in.map(says).join(', ')}`
      : 'is' in when
        ? `is ${says(when.is)}`
        : `is not ${says(when.not)}`;
  return `only rows whose ${field} ${asks}; the record of a row that leaves: ${onLeave}`;
}

/** `text, required, at most 256 characters`. */
function describeField(field: Field): string {
  const { type, required, maxLength, values, scale, currency, references, indexed } = field;
  return [
    type,
    ...(required ? ['required'] : []),
    ...(maxLength === null ? [] : [`at most ${maxLength} characters`]),
    ...(values === null ? [] : [values.join(' | ')]),
    ...(scale === null ? [] : [`${scale} digits after the point`]),
    ...(currency === null ? [] : [`currency in ${currency}`]),
    ...(references === null ? [] : [`id of a ${references}`]),
    ...(indexed ? ['lists can be filtered by it'] : []),
  ].join(', ');
}

const ARROWS = { both: '↔', push: '→', pull: '←' } as const;

function describeRule({ external, direction, conflict, owner }: FieldRule): string[] {
  const wins = owner === null ? conflict.replaceAll('_', ' ') : `the owner ${owner} wins`;
  return [ARROWS[direction], external, direction === 'both' ? wins : '–'];
}

function toJson({ catalogue, configFile }: Config, shown: readonly Shown[]): object {
  return {
    file: configFile,
    entities: Object.fromEntries(
      Object.values(catalogue.entities).map((entity) => [entity.name, entityJson(entity)]),
    ),
    systems: Object.fromEntries(
      shown.map(({ system, document }) => [system.name, { [document.entity]: documentJson(document) }]),
    ),
  };
}

function entityJson({ table: ofEntity, plural, identity, fields }: Entity): object {
  return { table: ofEntity, plural, identity, fields };
}

/** Without the functions of transforms, which JSON does not have. */
function documentJson({ condition, fields }: MappingDocument): object {
  return { condition, fields: fields.map((rule) => ({ ...rule, own: undefined })) };
}
