// Checks of data from outside, compiled once from JSON Schemas; each answer says what to fix.

import type { Ajv, AnySchemaObject, ErrorObject, SchemaValidateFunction, ValidateFunction } from 'ajv';
import { isDay, isInstant } from './calendar.ts';
import { createAjv } from './load-ajv.ts';
import { findInvisible, isVisible } from './characters.ts';

// PostgreSQL cannot store U+0000. Other programs read this pattern in the API document, so it uses
// only what every dialect of patterns has; what such a pattern cannot express is checked by the
// keyword x-text.
export const storableText = '^[^\\x00]*$';

/**
 * storable: no half of a surrogate pair, which is no character at all. Anything else may be part of
 * a name: a name that came from another system must be accepted when a caller sends it back.
 * visible: storable, and at least one visible character. distinct: storable, and no invisible
 * character, since two texts would look the same.
 */
export type TextRule = 'storable' | 'visible' | 'distinct';

/** One thing that is wrong in the data. */
export type Violation = {
  /** JSON pointer into the data; '' is the whole. */
  pointer: string;
  /**
   * The name of the rule, stable, for programs: such as required, maxLength or
   * additionalProperties.
   */
  rule: string;
  /** What is wrong, so that a person can fix it. */
  detail: string;
};

export type Checked<T> = { ok: true; value: T } | { ok: false; violations: Violation[] };

/**
 * Only this many are listed: a body of 10,000 unknown fields must not get an answer of 10,000
 * lines.
 */
const MAX_VIOLATIONS = 10;
const MAX_SHOWN_KEY = 60;

let checker: Ajv | undefined;

function createChecker(): Ajv {
  const ajv = createAjv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
  ajv.addVocabulary(['x-problem', 'example']);
  ajv.addKeyword({
    keyword: 'x-text',
    type: 'string',
    schemaType: 'string',
    errors: true,
    validate: checkText,
  });
  ajv.addFormat('date-time', { type: 'string', validate: isInstant });
  ajv.addFormat('date', { type: 'string', validate: isDay });
  ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
  return ajv;
}

/**
 * The check returns the data with its type, or says what is wrong. The schema is compiled once: at the
 * first input.
 */
export function compileCheck<T>(schema: object): (input: unknown) => Checked<T> {
  let validate: ValidateFunction<T> | undefined;
  return (input) => {
    validate ??= (checker ??= createChecker()).compile<T>(schema);
    return validate(input)
      ? { ok: true, value: input }
      : { ok: false, violations: (validate.errors ?? []).slice(0, MAX_VIOLATIONS).map(toViolation) };
  };
}

function checkText(rule: TextRule, text: string, schema: AnySchemaObject = {}): boolean {
  const refuse = (keyword: string, message: string): boolean => {
    // The place where ajv expects the errors of a keyword that we define.
    (checkText as SchemaValidateFunction).errors = [{ keyword, message, params: {} }];
    return false;
  };
  if (!text.isWellFormed()) return refuse('pattern', String(schema['x-problem']));
  // For an empty text minLength gives the better answer.
  if (rule === 'visible' && text !== '' && !isVisible(text))
    return refuse('invisible', 'has no visible character');
  const hidden = rule === 'distinct' ? findInvisible(text) : null;
  if (!hidden) return true;
  const { name, place } = hidden;
  return refuse(
    'invisible',
    `must not contain ${name}, which is invisible (character ${place}); leave it out`,
  );
}

function toViolation(error: ErrorObject): Violation {
  const { keyword, instancePath, params, parentSchema, data } = error;
  const violation = (detail: string, key?: string): Violation => ({
    pointer: key === undefined ? instancePath : `${instancePath}/${pointerPart(key)}`,
    rule: keyword,
    detail,
  });
  switch (keyword) {
    case 'required':
      return violation('is missing', String(params['missingProperty']));
    case 'additionalProperties': {
      return violation(
        `is not a known field; the known fields are: ${fieldsOf(parentSchema)}`,
        String(params['additionalProperty']),
      );
    }
    case 'minProperties':
      return violation(`contains no field to change; the fields are: ${fieldsOf(parentSchema)}`);
    case 'minLength':
      return violation(
        data === '' ? 'must not be empty' : `must have at least ${String(params['limit'])} characters`,
      );
    case 'maxLength':
      return violation(`must have at most ${String(params['limit'])} characters`);
    case 'pattern':
      return violation(String(parentSchema?.['x-problem'] ?? error.message));
    case 'format':
      return violation(
        params['format'] === 'date'
          ? 'must be a day such as 2026-01-31'
          : 'must be a time with a time zone, such as 2026-01-31T12:00:00Z',
      );
    case 'enum':
      return violation(`must be one of ${(params['allowedValues'] as unknown[]).map(String).join(', ')}`);
    case 'minimum':
      return violation(`must be at least ${String(params['limit'])}`);
    case 'maximum':
      return violation(`must be at most ${String(params['limit'])}`);
    case 'type':
      return violation(`must be ${wanted(params['type'])}, not ${shown(data)}`);
    default:
      return violation(error.message ?? `breaks the rule ${keyword}`);
  }
}

function fieldsOf(schema: AnySchemaObject | undefined): string {
  return Object.keys((schema?.['properties'] as object | undefined) ?? {}).join(', ');
}

/** A JSON pointer (RFC 6901) for a path; long keys are cut. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${pointerPart(String(part))}`).join('');
}

function pointerPart(key: string): string {
  return key.slice(0, MAX_SHOWN_KEY).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
}

/** `a JSON object`; for several types `a string or null`. */
function wanted(types: unknown): string {
  return [types].flat().map(wantedType).join(' or ');
}

function wantedType(type: unknown): string {
  if (type === 'null') return 'null';
  if (type === 'array') return 'an array';
  return type === 'object' ? 'a JSON object' : type === 'integer' ? 'a whole number' : `a ${String(type)}`;
}

function shown(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'an array';
  return typeof data === 'object' ? 'an object' : `a ${typeof data}`;
}
