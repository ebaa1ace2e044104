// The first check of a configuration: whether it has the form of config-schema.ts.
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { Path, Problems } from './config-problems.ts';
import { configSchema } from './config-schema.ts';
import { createAjv } from './load-ajv.ts';
import { suggestion } from './near-names.ts';

let validator: ValidateFunction | undefined;

/** Adds whatever has not the form of a configuration. */
export function checkForm(candidate: unknown, problems: Problems): void {
  validator ??= createAjv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(configSchema);
  if (validator(candidate)) return;
  for (const error of validator.errors ?? []) problems.add(placeOf(error), describe(error));
}

function placeOf({ instancePath, params }: ErrorObject): Path {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>;
  const key = additionalProperty ?? missingProperty;
  return key === undefined ? path : [...path, key];
}

function describe({ keyword, params, parentSchema, instancePath, data, message }: ErrorObject): string {
  const given = params as Record<string, unknown>;
  switch (keyword) {
    case 'additionalProperties': {
      const properties = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {});
      // A schema of JSON has no functions, but a file of TypeScript has this key.
      const known = instancePath === '' ? [...properties, 'transforms'] : properties;
      const key = String(given['additionalProperty']);
      return `is not a key that there is here${suggestion(key, known)} (the keys are: ${known.join(', ')})`;
    }
    case 'required':
      return 'is missing';
    case 'enum': {
      const values = (given['allowedValues'] as unknown[]).map(String);
      const near = typeof data === 'string' ? suggestion(data, values) : '';
      return `must be one of ${values.join(', ')}, not ${shown(data)}${near}`;
    }
    case 'type':
      return `must be ${[given['type']].flat().map(nameOf).join(' or ')}, not ${shown(data)}`;
    case 'minimum':
      return `must be at least ${String(given['limit'])}, not ${shown(data)}`;
    case 'maximum':
      return `must be at most ${String(given['limit'])}, not ${shown(data)}`;
    case 'minProperties':
    case 'maxProperties':
      return 'must have a field and exactly one of is, not and in';
    case 'minItems':
    case 'minLength':
      return 'must not be empty';
    default:
      return message ?? keyword;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function nameOf(type: unknown): string {
  return NAMES[String(type)] ?? String(type);
}

function shown(data: unknown): string {
  if (typeof data === 'string') return JSON.stringify(data.length > 40 ? `${data.slice(0, 40)}…` : data);
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'function') return 'a function';
  return typeof data === 'object' && data !== null ? 'an object' : String(data);
}
