/**
 * Readers for form parameters. In all of them `undefined` means not given, and `null` means given
 * as an empty string, which is Stripe's way to unset a value (docs.stripe.com/api/metadata, and the
 * SDKs, which send `null` as an empty string).
 */
import { refuse } from './errors.ts';
import type { ParamValue, Params } from './form.ts';

/** "Received unknown parameter: address[planet]", with the bracketed name as `param`. */
export function refuseUnknown(params: Params, known: readonly string[], within?: string): void {
  const unknown = Object.keys(params).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const named = unknown.map((name) => nested(within, name));
  refuse(`Received unknown parameter${named.length > 1 ? 's' : ''}: ${named.join(', ')}`, {
    code: 'parameter_unknown',
    ...(named[0] === undefined ? {} : { param: named[0] }),
  });
}

export function nested(within: string | undefined, name: string): string {
  return within === undefined ? name : `${within}[${name}]`;
}

export function readText(
  value: ParamValue | undefined,
  param: string,
  maxLength = 5000,
): string | null | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') refuse('Invalid string: a hash was given', { param });
  if (value === '') return null;
  const length = codePoints(value);
  if (length > maxLength) {
    refuse(`Invalid string: ${shorten(value)}; must be at most ${maxLength} characters`, { param });
  }
  return value;
}

/**
 * For a parameter that cannot be unset: an empty string is refused (text as quoted in
 * stripe/stripe-php#588).
 */
export function readRequiredText(
  value: ParamValue | undefined,
  param: string,
  maxLength?: number,
): string | undefined {
  const text = readText(value, param, maxLength);
  return text === null ? refuseEmpty(param) : text;
}

export function refuseEmpty(param: string): never {
  refuse(
    `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however ` +
      `'${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
    { code: 'parameter_invalid_empty', param },
  );
}

export function readInteger(value: ParamValue | undefined, param: string): number | undefined {
  const text = readRequiredText(value, param);
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    refuse(`Invalid integer: ${shorten(text)}`, { code: 'parameter_invalid_integer', param });
  }
  return Number(text);
}

export function readBoolean(value: ParamValue | undefined, param: string): boolean | undefined {
  const text = readRequiredText(value, param);
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') refuse(`Invalid boolean: ${shorten(text)}`, { param });
  return text === 'true';
}

/** A value outside an enumeration: message and `param`, but no `code`. */
export function readChoice<T extends string>(
  value: ParamValue | undefined,
  param: string,
  choices: readonly T[],
): T | undefined {
  const text = readText(value, param);
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === (text ?? ''));
  if (found === undefined)
    refuse(`Invalid ${param}: must be one of ${choices.filter(Boolean).join(', ')}`, { param });
  return found;
}

export function readHash(value: ParamValue | undefined, param: string): Params | null | undefined {
  if (value === undefined) return undefined;
  if (value === '') return null;
  if (typeof value === 'string') refuse(`Invalid object`, { param });
  return value;
}

/** A list given as `a[0]=`, `a[1]=` or `a[]=`. */
export function readList(value: ParamValue | undefined, param: string): ParamValue[] | null | undefined {
  const hash =
    typeof value === 'string' && value !== '' ? refuse('Invalid array', { param }) : readHash(value, param);
  if (hash === undefined || hash === null) return hash;
  const indexes = Object.keys(hash);
  if (!indexes.every((index) => /^\d+$/.test(index))) refuse('Invalid array', { param });
  return indexes.sort((a, b) => Number(a) - Number(b)).map((index) => hash[index] ?? '');
}

export function readTextList(value: ParamValue | undefined, param: string): string[] | undefined {
  const list = readList(value, param);
  if (list === undefined) return undefined;
  return (list ?? []).map((item, index) => readRequiredText(item, `${param}[${index}]`) ?? '');
}

export function refuseMissing(param: string): never {
  refuse(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

/** Lengths count characters, not UTF-16 units: an emoji is one. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}

export function shorten(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 32)}...${text.slice(-16)}`;
}
