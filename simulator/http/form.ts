/**
 * Decodes `application/x-www-form-urlencoded` with nested keys: `metadata[a]=b`, `expand[0]=x`,
 * `expand[]=x`, `address[line1]=y`. Every level becomes a separate hash; the reader of a parameter
 * decides whether a hash with the keys 0, 1, 2 is a list, since `metadata[0]` is a key named "0".
 * Hashes have no prototype, so a parameter named `__proto__` is a name like any other.
 */
import { refuse } from './errors.ts';

export type Params = { [name: string]: ParamValue };
export type ParamValue = string | Params;

const MAX_DEPTH = 8;

export function newParams(): Params {
  return Object.create(null) as Params; // a cast because the type of a bare object is any
}

export function decodeForm(text: string): Params {
  const params = newParams();
  if (text === '') return params;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodePart(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodePart(pair.slice(equals + 1));
    place(params, splitName(name), value, name);
  }
  return params;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return refuse('Invalid request: the parameters are not valid percent-encoded UTF-8.');
  }
}

function splitName(name: string): string[] {
  const open = name.indexOf('[');
  if (open <= 0) return [name];
  const segments = [name.slice(0, open)];
  let rest = name.slice(open);
  while (rest !== '') {
    const close = rest.indexOf(']');
    const segment = rest.slice(1, close);
    // docs.stripe.com/api/metadata: keys may not contain square brackets, because these would end
    // the name.
    if (rest[0] !== '[' || close === -1 || segment.includes('[')) {
      refuse(`Invalid parameter name: ${name}. Square brackets cannot be part of a key.`, {
        param: segments[0] ?? name,
      });
    }
    segments.push(segment);
    rest = rest.slice(close + 1);
  }
  if (segments.length > MAX_DEPTH) refuse(`Invalid parameter name: ${name} is nested too deeply.`);
  return segments;
}

function place(params: Params, segments: string[], value: string, name: string): void {
  let level = params;
  for (const [index, segment] of segments.entries()) {
    const key = segment === '' ? String(Object.keys(level).length) : segment;
    if (index === segments.length - 1) {
      if (typeof level[key] === 'object') refuse(`Invalid hash: ${name} is given twice, in two forms.`);
      level[key] = value;
      return;
    }
    const next = (level[key] ??= newParams());
    if (typeof next === 'string') refuse(`Invalid hash: ${name} is given twice, in two forms.`);
    level = next;
  }
}

/** The same text for equal parameters in any order: idempotency keys compare this text. */
export function canonicalForm(value: ParamValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalForm(value[key] ?? '')}`);
  return `{${parts.join(',')}}`;
}
