// The entities of a configuration: tables, identity and fields.
import { builtInEntities } from './built-in.ts';
import { readFields } from './config-fields.ts';
import { nameProblem, tableProblem } from './config-names.ts';
import type { Path, Problems } from './config-problems.ts';
import type { UserEntity } from './define-config.ts';
import type { Entities, Entity, Field } from './entity.ts';
import { suggestion } from './near-names.ts';
import { whyEntityIsRefused } from './not-built.ts';

/** The built-in entities, with what is declared of them, and those that are declared. */
export function readEntities(
  declared: Readonly<Record<string, UserEntity>>,
  path: Path,
  problems: Problems,
): Entities {
  const names = [...new Set([...Object.keys(builtInEntities), ...Object.keys(declared)])];
  const entities = names.map((name) => {
    const given = Object.hasOwn(declared, name) ? declared[name] : undefined;
    const builtIn = Object.hasOwn(builtInEntities, name) ? builtInEntities[name] : undefined;
    return given === undefined && builtIn
      ? builtIn
      : readEntity(name, given ?? {}, [...path, name], problems);
  });
  checkTables(entities, path, problems);
  for (const entity of entities) checkReferences(entity, names, path, problems);
  return Object.fromEntries(entities.map((entity) => [entity.name, entity]));
}

function readEntity(name: string, given: UserEntity, path: Path, problems: Problems): Entity {
  const builtIn = Object.hasOwn(builtInEntities, name) ? builtInEntities[name] : undefined;
  const plural = given.plural ?? builtIn?.plural ?? `${name}s`;
  const table = given.table ?? builtIn?.table ?? plural;
  const identity = given.identity === undefined ? (builtIn?.identity ?? null) : given.identity;
  addAt(path, nameProblem(name), problems);
  addAt([...path, 'plural'], given.plural === undefined ? null : nameProblem(given.plural), problems);
  if (builtIn && plural !== builtIn.plural)
    addAt([...path, 'plural'], `is "${builtIn.plural}" and stays so; leave it out`, problems);
  addAt([...path, 'table'], given.table === undefined ? null : tableProblem(given.table), problems);
  const fields = readFields(name, given.fields ?? {}, [...path, 'fields'], problems);
  if (!builtIn && fields.length === 0) addAt([...path, 'fields'], 'must have at least one field', problems);
  if (builtIn?.identity && identity === null)
    addAt(
      [...path, 'identity'],
      `a ${name} always has one, so that a file that is imported twice makes no row twice; leave it out for ${builtIn.identity}`,
      problems,
    );
  if (problems.isSound([...path, 'identity']))
    addAt([...path, 'identity'], identityProblem(name, identity, fields), problems);
  addAt(path, whyEntityIsRefused(name), problems);
  return { name, plural, table, identity, fields };
}

function identityProblem(entity: string, identity: string | null, fields: readonly Field[]): string | null {
  if (identity === null) return null;
  const field = fields.find(({ name }) => name === identity);
  if (field === undefined) {
    const names = fields.map(({ name }) => name);
    return `a ${entity} has no field "${identity}"${suggestion(identity, names)} (it has: ${names.join(', ')})`;
  }
  if (field.type !== 'text' && field.type !== 'email')
    return `${identity} is ${field.type}; an identity is a text or an email`;
  return field.required ? null : `${identity} may be empty; an identity is a field with required: true`;
}

function checkTables(entities: readonly Entity[], path: Path, problems: Problems): void {
  for (const key of ['table', 'plural'] as const) {
    for (const [at, entity] of entities.entries()) {
      const other = entities.slice(0, at).find((each) => each[key] === entity[key]);
      if (other)
        problems.add([...path, entity.name, key], `"${entity[key]}" is the ${key} of ${other.name} already`);
    }
  }
}

function checkReferences(entity: Entity, known: readonly string[], path: Path, problems: Problems): void {
  for (const { name, references } of entity.fields) {
    const place = [...path, entity.name, 'fields', name, 'entity'];
    if (typeof references !== 'string' || known.includes(references) || !problems.isSound(place)) continue;
    problems.add(
      place,
      `there is no entity "${references}"${suggestion(references, known)} (there are: ${known.join(', ')})`,
    );
  }
}

function addAt(path: Path, why: string | null, problems: Problems): void {
  if (why !== null) problems.add(path, why);
}
