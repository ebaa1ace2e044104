// Mapping documents: which fields correspond to each other, and by which rules. They are data, and
// are checked as a whole when the process starts, so that an error stops the start with a list of
// all problems, instead of failing one customer at a time.
import type { ValidateFunction } from 'ajv';
import { createAjv } from './load-ajv.ts';
import { isVisible } from './characters.ts';
import { builtInEntities, plainField } from './built-in.ts';
import { plainText } from './field-types.ts';
import type { Value } from './value.ts';
import type { Condition } from './condition.ts';
import { describeFormError, documentForm } from './document-form.ts';
import type { Entities, Entity, Field } from './entity.ts';
import { AppError } from '../errors.ts';
import { suggestion } from './near-names.ts';
import { carryNames, isStandIn, standIn, standInNames, type OwnTransforms } from './transforms.ts';

export type { Value } from './value.ts';

/** Values by the names of the fields, of ours or of theirs. */
export type Fields = Record<string, Value>;

export type ConflictRule =
  | 'internal_wins'
  | 'external_wins'
  | 'external_unless_blank'
  | 'internal_unless_blank';
export type Direction = 'both' | 'push' | 'pull';

/** One mapped field, as the mapping document declares it. */
export interface FieldRule {
  internal: string;
  external: string;
  /** What our field is: `internal`, as the entity has it. */
  field: Field;
  direction: Direction;
  conflict: ConflictRule;
  /** What an empty value of theirs does to our value: `keep` refuses it, `clear` takes it. */
  onNull: 'keep' | 'clear';
  /**
   * How our value is changed for the system, and theirs for our table; names in
   * lib/catalogue/transforms.ts, or in `own`.
   */
  toExternal: string[];
  toInternal: string[];
  /** The transforms of the user's own that this rule names; left out if it names none. */
  own?: OwnTransforms;
  /** How two values are compared beyond their canonical form. */
  compare: ('lower' | 'exact')[];
  /**
   * External fields that replace the field, in this order, when theirs is null and ours may not be;
   * the value is stored as derived.
   */
  fallback: string[];
  /** What the system has in the field where it is unset; left out where that is nothing. */
  unset?: string;
  /**
   * The longest value that they accept, in code points; a longer value is left as it is on both
   * sides.
   */
  maxLength: number | null;
  /**
   * Whose edits of the field always stand: `internal`, or the name of a system; null for nobody's.
   * Where an edit of the owner meets another one, the owner decides and not `conflict`.
   */
  owner: string | null;
}

export interface MappingDocument {
  id: string;
  system: string;
  entity: string;
  externalType: string;
  fields: FieldRule[];
  /** Which rows the system has; null for all. */
  condition: Condition | null;
}

/** What a document is checked against, besides its own form. */
export interface DocumentRules {
  entities?: Entities;
  /** Transforms of the user's own that a rule may name. */
  transforms?: OwnTransforms;
  /**
   * The problems that an external system finds in a document of well-formed fields, each with its
   * place, such as `/fields/0/external: …`.
   */
  external?: (document: MappingDocument, entity: Entity) => string[];
}

/** A document as it may be written: what need not be said is filled in. */
type Candidate = Omit<MappingDocument, 'fields' | 'condition'> & {
  fields: (Omit<FieldRule, 'owner' | 'field'> & { owner?: string | null })[];
  condition?: Condition | null;
};

let validator: ValidateFunction<Candidate> | undefined;

/** The document, frozen; or one error that names every problem with its place. */
export function parseDocument(candidate: unknown, rules: DocumentRules = {}): MappingDocument {
  const { document, problems } = readDocument(candidate, rules);
  if (document === null) throw invalid(candidate, problems);
  return document;
}

/** The document, frozen; or null and all its problems, each with its place. */
export function readDocument(
  candidate: unknown,
  { entities = builtInEntities, transforms = {}, external }: DocumentRules,
): { document: MappingDocument | null; problems: string[] } {
  const validate = (validator ??= createAjv({ allErrors: true }).compile<Candidate>(documentForm));
  if (!validate(candidate))
    return { document: null, problems: (validate.errors ?? []).map(describeFormError) };
  const entity = Object.hasOwn(entities, candidate.entity) ? entities[candidate.entity] : undefined;
  const document = complete(candidate, entity, transforms);
  const { fields } = document;
  const problems = [
    ...(entity ? unknownFields(document, entity) : [unknownEntity(document, entities)]),
    ...repeated(fields, 'internal'),
    ...repeated(fields, 'external'),
    ...fields.flatMap((rule, index) => unknownCarries(rule, index, transforms)),
    ...fields.flatMap(unknownTransforms),
    ...(entity ? clearedThoughNeverNull(document, entity) : []),
    ...circularFallbacks(fields),
    ...(entity && external ? external(document, entity) : []),
  ];
  return { document: problems.length > 0 ? null : deepFreeze(document), problems };
}

/** A copy with all that need not be said, and with the transforms that each rule names. */
function complete(
  candidate: Candidate,
  entity: Entity | undefined,
  transforms: OwnTransforms,
): MappingDocument {
  const { fields, condition = null, ...rest } = structuredClone(candidate);
  return {
    ...rest,
    fields: fields.map(({ owner = null, ...rule }) => {
      const named = Object.entries(transforms).filter(([name]) =>
        [...rule.toExternal, ...rule.toInternal].includes(name),
      );
      // A field that the entity lacks is one of the problems of the document, which is not used then.
      const found = entity?.fields.find(({ name }) => name === rule.internal);
      // A reference is merged by the id of the named record, which is a text (lib/sync/references.ts).
      const field = found && found.references === null ? found : plainField(rule.internal, 'text');
      return { ...rule, field, owner, ...(named.length === 0 ? {} : { own: Object.fromEntries(named) }) };
    }),
    condition,
  };
}

/** The external fields that must be read: the mapped ones and those that can replace them. */
export function externalFields(document: MappingDocument): string[] {
  const names = document.fields.flatMap((rule) => [
    rule.external,
    ...rule.fallback.map((step) => parseStep(step).field),
  ]);
  return [...new Set(names)];
}

/**
 * The value that replaces a field that is null, in the rule's order; null if there is none. The
 * caller stores it as derived.
 */
export function fallbackValue(rule: FieldRule, fields: Fields): Value {
  for (const step of rule.fallback) {
    const { field, transforms } = parseStep(step);
    const given = fields[field] ?? null;
    const source = given === null ? '' : plainText(given).trim();
    if (!isVisible(source)) continue;
    const value = transforms.reduce((text, name) => standIn(name, text), source).trim();
    if (isVisible(value)) return value;
  }
  return null;
}

/** A step of a fallback: the field that replaces the empty one, and the transforms of its value. */
export function parseStep(step: string): { field: string; transforms: string[] } {
  const [field = '', ...transforms] = step.split('|').map((part) => part.trim());
  return { field, transforms };
}

function unknownCarries(rule: FieldRule, index: number, transforms: OwnTransforms): string[] {
  const known = [...carryNames, ...Object.keys(transforms)];
  return (['toExternal', 'toInternal'] as const).flatMap((way) =>
    rule[way].flatMap((name, at) =>
      known.includes(name)
        ? []
        : [`/fields/${index}/${way}/${at}: must be one of ${known.join(', ')}${suggestion(name, known)}`],
    ),
  );
}

function unknownTransforms(rule: FieldRule, index: number): string[] {
  const known = standInNames.join(', ');
  return rule.fallback.flatMap((step) =>
    parseStep(step)
      .transforms.filter((name) => !isStandIn(name))
      .map((name) => `/fields/${index}/fallback: unknown transform "${name}" (known: ${known})`),
  );
}

function unknownEntity({ entity }: MappingDocument, entities: Entities): string {
  const known = Object.keys(entities);
  return `/entity: unknown entity "${entity}"${suggestion(entity, known)} (known: ${known.join(', ')})`;
}

/** A field that our table does not have would be null on our side, and be erased on their side. */
function unknownFields({ entity, fields }: MappingDocument, ours: Entity): string[] {
  const known = ours.fields.map(({ name }) => name);
  return fields.flatMap(({ internal }, index) =>
    known.includes(internal)
      ? []
      : [
          `/fields/${index}/internal: a ${entity} has no field "${internal}"${suggestion(internal, known)} (it has: ${known.join(', ')})`,
        ],
  );
}

function clearedThoughNeverNull({ entity, fields }: MappingDocument, ours: Entity): string[] {
  const neverNull = neverNullIn(ours);
  return fields.flatMap(({ internal, onNull }, index) =>
    onNull === 'clear' && neverNull.includes(internal)
      ? [
          `/fields/${index}/onNull: a ${entity} in our table always has a ${internal}, so their null cannot be taken; use "keep"`,
        ]
      : [],
  );
}

/** The names of the fields that a row always has. */
export function neverNullIn({ fields }: Entity): string[] {
  return fields.filter(({ required }) => required).map(({ name }) => name);
}

/**
 * A field must not be replaced by fields that the field itself replaces, over any number of steps:
 * it could take its own absence for a value.
 */
function circularFallbacks(rules: FieldRule[]): string[] {
  const next = new Map(
    rules.map((rule) => [rule.external, rule.fallback.map((step) => parseStep(step).field)]),
  );
  const circleFrom = (name: string, path: string[]): string[] | null => {
    if (path.includes(name)) return name === path[0] ? [...path, name] : null;
    for (const source of next.get(name) ?? []) {
      const circle = circleFrom(source, [...path, name]);
      if (circle !== null) return circle;
    }
    return null;
  };
  return rules.flatMap((rule, index) => {
    const circle = circleFrom(rule.external, []);
    return circle === null ? [] : [`/fields/${index}/fallback: circular: ${circle.join(' → ')}`];
  });
}

function repeated(rules: FieldRule[], side: 'internal' | 'external'): string[] {
  const names = rules.map((rule) => rule[side]);
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [`/fields/${index}/${side}: "${name}" is mapped twice`] : [],
  );
}

function invalid(candidate: unknown, problems: string[]): AppError {
  const { id } = (typeof candidate === 'object' && candidate !== null ? candidate : {}) as { id?: unknown };
  const name = typeof id === 'string' ? id : '(without id)';
  return new AppError('config_invalid', { detail: `mapping document ${name}:\n  ${problems.join('\n  ')}` });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
