// Mapping documents: which fields correspond to each other, and by which rules. They are data, and
// are checked as a whole when the process starts, so that an error stops the start with a list of
// all problems, instead of failing one customer at a time.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { isVisible } from './characters.ts';
import { ENTITIES, type Entities, type EntityFields } from './entity.ts';
import { AppError } from '../errors.ts';
import { suggestion } from './near-names.ts';
import { carryNames, isStandIn, standIn, standInNames, type CarryName } from './transforms.ts';

/**
 * A field's value on either side. Canonical form: trimmed, NFC, '' is null (see
 * lib/sync/canonical.ts).
 */
export type Value = string | null;
export type Fields = Record<string, Value>;

export type ConflictRule =
  'internal_wins' | 'external_wins' | 'external_unless_blank' | 'internal_unless_blank';
export type Direction = 'both' | 'push' | 'pull';

/** One mapped field, as the mapping document declares it. */
export interface FieldRule {
  internal: string;
  external: string;
  direction: Direction;
  conflict: ConflictRule;
  /** What an empty value of theirs does to our value: `keep` refuses it, `clear` takes it. */
  onNull: 'keep' | 'clear';
  /**
   * How our value is changed for the system, and theirs for our table; names in
   * lib/catalogue/transforms.ts.
   */
  toExternal: CarryName[];
  toInternal: CarryName[];
  /** How two values are compared beyond their canonical form. */
  compare: ('lower' | 'exact')[];
  /**
   * External fields that replace the field, in this order, when theirs is null and ours may not be;
   * the value is stored as derived.
   */
  fallback: string[];
  /**
   * The longest value that they accept, in code points; a longer value is left as it is on both
   * sides.
   */
  maxLength: number | null;
  /**
   * Whose edits of the field always stand: `internal`, or the name of a system; absent or null for
   * nobody's. Where an edit of the owner meets another one, the owner decides and not `conflict`.
   */
  owner?: string | null;
}

export interface MappingDocument {
  id: string;
  system: string;
  entity: string;
  externalType: string;
  fields: FieldRule[];
}

/** What a document is checked against, besides its own form. */
export interface DocumentRules {
  entities?: Entities;
  /**
   * The problems that an external system finds in a document of well-formed fields, each with its
   * place, such as `/fields/0/external: …`.
   */
  external?: (document: MappingDocument, entity: EntityFields) => string[];
}

const CARRY = { type: 'array', items: { type: 'string', enum: carryNames } };

const FIELD = {
  type: 'object',
  additionalProperties: false,
  required: [
    ...['internal', 'external', 'direction', 'conflict', 'onNull'],
    ...['toExternal', 'toInternal', 'compare', 'fallback', 'maxLength'],
  ],
  properties: {
    internal: { type: 'string', minLength: 1 },
    external: { type: 'string', minLength: 1 },
    direction: { type: 'string', enum: ['both', 'push', 'pull'] },
    conflict: {
      type: 'string',
      enum: ['internal_wins', 'external_wins', 'external_unless_blank', 'internal_unless_blank'],
    },
    onNull: { type: 'string', enum: ['keep', 'clear'] },
    toExternal: CARRY,
    toInternal: CARRY,
    compare: { type: 'array', items: { type: 'string', enum: ['lower', 'exact'] } },
    fallback: { type: 'array', items: { type: 'string', minLength: 1 } },
    maxLength: { type: 'integer', minimum: 1, nullable: true },
    owner: { type: 'string', minLength: 1, nullable: true },
  },
};

const DOCUMENT = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'system', 'entity', 'externalType', 'fields'],
  properties: {
    id: { type: 'string', minLength: 1 },
    system: { type: 'string', minLength: 1 },
    entity: { type: 'string', minLength: 1 },
    externalType: { type: 'string', minLength: 1 },
    fields: { type: 'array', minItems: 1, items: FIELD },
  },
};

let validator: ValidateFunction<MappingDocument> | undefined;

/** The document, frozen; or one error that names every problem with its place. */
export function parseDocument(
  candidate: unknown,
  { entities = ENTITIES, external }: DocumentRules = {},
): MappingDocument {
  const validate = (validator ??= new Ajv({ allErrors: true }).compile<MappingDocument>(DOCUMENT));
  if (!validate(candidate)) throw invalid(candidate, (validate.errors ?? []).map(describe));
  const entity = Object.hasOwn(entities, candidate.entity) ? entities[candidate.entity] : undefined;
  const problems = [
    ...(entity ? unknownFields(candidate, entity) : [unknownEntity(candidate, entities)]),
    ...repeated(candidate.fields, 'internal'),
    ...repeated(candidate.fields, 'external'),
    ...candidate.fields.flatMap(unknownTransforms),
    ...(entity ? clearedThoughNeverNull(candidate, entity) : []),
    ...circularFallbacks(candidate.fields),
    ...(entity && external ? external(candidate, entity) : []),
  ];
  if (problems.length > 0) throw invalid(candidate, problems);
  return deepFreeze(structuredClone(candidate));
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
    const source = fields[field]?.trim();
    if (source === undefined || !isVisible(source)) continue;
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
function unknownFields({ entity, fields }: MappingDocument, { fields: known }: EntityFields): string[] {
  return fields.flatMap(({ internal }, index) =>
    known.includes(internal)
      ? []
      : [
          `/fields/${index}/internal: a ${entity} has no field "${internal}"${suggestion(internal, known)} (it has: ${known.join(', ')})`,
        ],
  );
}

function clearedThoughNeverNull({ entity, fields }: MappingDocument, { neverNull }: EntityFields): string[] {
  return fields.flatMap(({ internal, onNull }, index) =>
    onNull === 'clear' && neverNull.includes(internal)
      ? [
          `/fields/${index}/onNull: a ${entity} in our table always has a ${internal}, so their null cannot be taken; use "keep"`,
        ]
      : [],
  );
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

function describe(error: ErrorObject): string {
  const at = error.instancePath === '' ? '/' : error.instancePath;
  const params = error.params as { additionalProperty?: string; allowedValues?: unknown[] };
  if (params.additionalProperty !== undefined) return `${at}: unknown key "${params.additionalProperty}"`;
  if (params.allowedValues !== undefined) return `${at}: must be one of ${params.allowedValues.join(', ')}`;
  return `${at}: ${error.message ?? error.keyword}`;
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
