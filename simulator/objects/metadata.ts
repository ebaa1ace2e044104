import { refuse } from '../http/errors.ts';
import type { ParamValue } from '../http/form.ts';
import type { Metadata } from './objects.ts';
import { codePoints, readHash, shorten } from '../http/params.ts';

/**
 * docs.stripe.com/api/metadata: up to 50 keys of up to 40 characters, values of up to 500; given
 * keys are merged into the existing ones, an empty value unsets its key, an empty `metadata` unsets
 * all. (Square brackets in a key are refused by the decoder of the form, because they would end the
 * name.)
 */
const MAX_KEYS = 50;
const MAX_KEY = 40;
const MAX_VALUE = 500;

export function mergeMetadata(before: Metadata, given: ParamValue | undefined): Metadata {
  const changes = readHash(given, 'metadata');
  if (changes === undefined) return before;
  if (changes === null) return {};
  // A Map keeps the order of keys, and any key is safe in it.
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(changes)) {
    if (codePoints(key) > MAX_KEY) {
      refuse(`Invalid key: ${shorten(key)} must be a string under ${MAX_KEY} characters`, {
        param: 'metadata',
      });
    }
    if (typeof value !== 'string') refuse(`Invalid val: ${key} must be a string`, { param: 'metadata' });
    if (codePoints(value) > MAX_VALUE) {
      refuse(`Invalid val: ${shorten(value)} must be a string under ${MAX_VALUE} characters`, {
        param: 'metadata',
      });
    }
    if (value === '') merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > MAX_KEYS) {
    refuse(`Metadata can have up to ${MAX_KEYS} keys, but you've set ${merged.size}.`, { param: 'metadata' });
  }
  return Object.fromEntries(merged);
}
