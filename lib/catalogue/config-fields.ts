// The fields of one entity in a configuration: their own form, and what they say of each other.
import { builtInEntities, plainField } from './built-in.ts';
import { indexedProblem } from './config-filters.ts';
import { columnProblem, fieldNameProblem } from './config-names.ts';
import type { Path, Problems } from './config-problems.ts';
import type { UserField } from './define-config.ts';
import { fieldTypes, type Field, type FieldType } from './entity.ts';
import { suggestion } from './near-names.ts';

/** The keys that belong to some types only, and the types that they belong to. */
const BELONGS: Readonly<Record<string, readonly FieldType[]>> = {
  maxLength: ['text', 'email'],
  values: ['enum'],
  scale: ['decimal'],
  currency: ['money'],
  entity: ['reference'],
};

/** What a field of such a type has to say. */
const NEEDS: Readonly<Partial<Record<FieldType, readonly [key: keyof UserField, why: string]>>> = {
  enum: ['values', 'is missing; an enum lists its values, such as ["free", "team"]'],
  decimal: ['scale', 'is missing; a decimal says how many digits it has after the point, 0 to 15'],
  money: ['currency', 'is missing; money names the field that holds its currency'],
  reference: ['entity', 'is missing; a reference names the entity whose id it is'],
};

/**
 * The fields of the entity: the built-in ones first, with what is declared of them, then those that
 * are declared. A field with a problem is there too, so that nothing else calls it unknown.
 */
export function readFields(
  entity: string,
  declared: Readonly<Record<string, UserField>>,
  path: Path,
  problems: Problems,
): Field[] {
  const builtIn = Object.hasOwn(builtInEntities, entity) ? (builtInEntities[entity]?.fields ?? []) : [];
  const kept = builtIn.map((field) => {
    const given = Object.hasOwn(declared, field.name) ? declared[field.name] : undefined;
    return given === undefined ? field : changeBuiltIn(field, given, [...path, field.name], problems);
  });
  const own = Object.entries(declared)
    .filter(([name]) => builtIn.every((field) => field.name !== name))
    .map(([name, given]) => readField(name, given, [...path, name], problems));
  const fields = [...kept, ...own];
  checkColumns(fields, path, problems);
  for (const field of own) checkCurrency(field, fields, path, problems);
  for (const field of fields) {
    const why = problems.isSound([...path, field.name]) ? indexedProblem(field) : null;
    if (why !== null) problems.add([...path, field.name, 'indexed'], why);
  }
  return fields;
}

/** A built-in field with another column, a smaller limit or another description. */
function changeBuiltIn(field: Field, given: UserField, path: Path, problems: Problems): Field {
  const { column, maxLength, description, type, required, indexed, ...rest } = given;
  const limit = field.maxLength ?? Infinity;
  if (type !== undefined && type !== field.type)
    problems.add([...path, 'type'], `is built in as ${field.type} and stays so; leave the type out`);
  if (required === false)
    problems.add([...path, 'required'], `a customer always has a ${field.name}; leave it out`);
  if (maxLength !== undefined && maxLength > limit)
    problems.add([...path, 'maxLength'], `must be at most ${limit}, the built-in limit`);
  for (const key of Object.keys(rest))
    problems.add([...path, key], `cannot be said of ${field.name}, which is ${field.type}`);
  checkColumn(column, path, problems);
  return {
    ...field,
    indexed: indexed === true,
    ...(column === undefined ? {} : { column }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(description === undefined ? {} : { description }),
  };
}

function readField(name: string, given: UserField, path: Path, problems: Problems): Field {
  const named = fieldNameProblem(name);
  if (named !== null) problems.add(path, named);
  const { type } = given;
  if (type === undefined && problems.isSound([...path, 'type']))
    problems.add([...path, 'type'], `is missing; it is one of ${fieldTypes.join(', ')}`);
  if (type === undefined || !fieldTypes.includes(type)) return plainField(name, 'text');
  checkKeys(given, type, path, problems);
  checkColumn(given.column, path, problems);
  const asColumn = named === null && given.column === undefined ? columnProblem(name) : null;
  if (asColumn !== null) problems.add(path, `${asColumn}; give the field another column`);
  checkValues(given.values, path, problems);
  const { column = name, required = false, indexed = false, description } = given;
  return {
    ...{ ...plainField(name, type), indexed },
    ...{ column, required, maxLength: given.maxLength ?? null, values: given.values ?? null },
    ...{ scale: given.scale ?? null, currency: given.currency ?? null, references: given.entity ?? null },
    ...(description === undefined ? {} : { description }),
  };
}

function checkKeys(given: UserField, type: FieldType, path: Path, problems: Problems): void {
  for (const [key, types] of Object.entries(BELONGS)) {
    if (key in given && !types.includes(type))
      problems.add([...path, key], `belongs to ${types.join(' and ')}, and this field is ${type}`);
  }
  const [needed, why] = NEEDS[type] ?? [];
  const isLeftOut = needed !== undefined && !(needed in given) && problems.isSound([...path, needed]);
  if (isLeftOut && why !== undefined) problems.add([...path, needed], why);
}

function checkValues(values: readonly string[] | undefined, path: Path, problems: Problems): void {
  if (!Array.isArray(values)) return;
  for (const [at, value] of (values as unknown[]).entries()) {
    const place = [...path, 'values', at];
    if (typeof value !== 'string') continue;
    if (value !== value.trim().normalize('NFC'))
      problems.add(
        place,
        `${JSON.stringify(value)} has white space at its ends, or letters that are not Unicode NFC`,
      );
    else if (values.indexOf(value) < at) problems.add(place, `${JSON.stringify(value)} is there twice`);
  }
}

function checkColumn(column: unknown, path: Path, problems: Problems): void {
  const why = typeof column === 'string' && column !== '' ? columnProblem(column) : null;
  if (why !== null) problems.add([...path, 'column'], why);
}

function checkColumns(fields: readonly Field[], path: Path, problems: Problems): void {
  for (const [at, { name, column }] of fields.entries()) {
    const other = fields.slice(0, at).find((field) => field.column === column);
    if (other) problems.add([...path, name, 'column'], `"${column}" is the column of ${other.name} already`);
  }
}

function checkCurrency(
  { name, currency }: Field,
  fields: readonly Field[],
  path: Path,
  problems: Problems,
): void {
  if (typeof currency !== 'string' || !problems.isSound([...path, name, 'currency'])) return;
  const field = fields.find((each) => each.name === currency);
  const place = [...path, name, 'currency'];
  if (field === undefined)
    problems.add(place, `there is no field "${currency}"${suggestion(currency, namesOf(fields))}`);
  else if (field.type !== 'text' && field.type !== 'enum')
    problems.add(place, `${currency} is ${field.type}; a currency is in a text or an enum`);
}

function namesOf(fields: readonly Field[]): string[] {
  return fields.map(({ name }) => name);
}
