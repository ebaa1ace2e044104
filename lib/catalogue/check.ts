// Checks of what comes from outside, compiled once from JSON Schemas, with answers that people can act on.

import { Ajv, type AnySchemaObject, type ErrorObject, type SchemaValidateFunction } from 'ajv';
import { findInvisible, isVisible } from './characters.ts';

// Postgres cannot store U+0000. A pattern is also read by other programs from the API document, so
// it has only what every dialect knows; what a pattern like that cannot say is checked by the
// keyword x-text.
export const storableText = '^[^\\x00]*$';

/**
 * storable: no half of a surrogate pair, which is no character at all. Anything else may stand in a
 * name: what came in from another system must be accepted when a caller sends it back. visible:
 * storable, and there is something to see in it. distinct: storable, and no character that cannot
 * be seen, since two texts would look the same.
 */
export type TextRule = 'storable' | 'visible' | 'distinct';

/** One thing that is wrong with what a caller sent. */
export type Violation = {
  /** JSON pointer into what was checked; '' is the whole. */
  pointer: string;
  /** Stable, for programs: the failed rule's name, such as required, maxLength or additionalProperties. */
  rule: string;
  /** For people: what is wrong, so that they can fix it. */
  detail: string;
};

export type Checked<T> = { ok: true; value: T } | { ok: false; violations: Violation[] };

/**
 * Only the first of them are listed: a body of 10,000 unknown fields earns no answer of 10,000
 * lines.
 */
const MAX_VIOLATIONS = 10;
const MAX_SHOWN_KEY = 60;

const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary(['x-problem', 'example']);
ajv.addKeyword({
  keyword: 'x-text',
  type: 'string',
  schemaType: 'string',
  errors: true,
  validate: checkText,
});
ajv.addFormat('date-time', { type: 'string', validate: isInstant });
ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });

/**
 * Compiles a schema once. The check takes what came from outside and gives it back typed, or says
 * what is wrong.
 */
export function compileCheck<T>(schema: object): (input: unknown) => Checked<T> {
  const validate = ajv.compile<T>(schema);
  return (input) =>
    validate(input)
      ? { ok: true, value: input }
      : { ok: false, violations: (validate.errors ?? []).slice(0, MAX_VIOLATIONS).map(toViolation) };
}

function checkText(rule: TextRule, text: string, schema: AnySchemaObject = {}): boolean {
  const refuse = (keyword: string, message: string): boolean => {
    // How ajv takes errors from a keyword of one's own.
    (checkText as SchemaValidateFunction).errors = [{ keyword, message, params: {} }];
    return false;
  };
  if (!text.isWellFormed()) return refuse('pattern', String(schema['x-problem']));
  // Of an empty text minLength says enough.
  if (rule === 'visible' && text !== '' && !isVisible(text))
    return refuse('invisible', 'has nothing in it that can be seen');
  const hidden = rule === 'distinct' ? findInvisible(text) : null;
  if (!hidden) return true;
  const { name, place } = hidden;
  return refuse(
    'invisible',
    `must not hold ${name}, which cannot be seen (character ${place}); leave it out`,
  );
}

/** RFC 3339 with a time zone, and a time that exists. */
function isInstant(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

function toViolation(error: ErrorObject): Violation {
  const { keyword, instancePath, params, parentSchema, data } = error;
  const said = (detail: string, key?: string): Violation => ({
    pointer: key === undefined ? instancePath : `${instancePath}/${pointerPart(key)}`,
    rule: keyword,
    detail,
  });
  switch (keyword) {
    case 'required':
      return said('is missing', String(params['missingProperty']));
    case 'additionalProperties': {
      const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {}).join(', ');
      return said(`is not known here; what may be given is: ${known}`, String(params['additionalProperty']));
    }
    case 'minProperties':
      return said('names nothing to change; give name, email or both');
    case 'minLength':
      return said(
        data === '' ? 'must not be empty' : `must have at least ${String(params['limit'])} characters`,
      );
    case 'maxLength':
      return said(`must have at most ${String(params['limit'])} characters`);
    case 'pattern':
      return said(String(parentSchema?.['x-problem'] ?? error.message));
    case 'format':
      return said('must be a time with a time zone, such as 2026-01-31T12:00:00Z');
    case 'type':
      return said(`must be ${wanted(params['type'])}, not ${shown(data)}`);
    default:
      return said(error.message ?? `breaks the rule ${keyword}`);
  }
}

/** A JSON pointer (RFC 6901) to what a path leads to; long keys are cut. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${pointerPart(String(part))}`).join('');
}

function pointerPart(key: string): string {
  return key.slice(0, MAX_SHOWN_KEY).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
}

function wanted(type: unknown): string {
  return type === 'object' ? 'a JSON object' : type === 'integer' ? 'a whole number' : `a ${String(type)}`;
}

function shown(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'an array';
  return typeof data === 'object' ? 'an object' : `a ${typeof data}`;
}
