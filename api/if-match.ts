// If-Match as it arrives. We send strong tags ("7"), but a proxy between us and a caller may
// rewrite them: nginx weakens a tag when it compresses (W/"7"), Apache adds the coding ("7-gzip",
// "7"-gzip), Jetty and others add their own suffix ("7--gzip", "7;gzip"). Each of these stands for
// the version that the caller saw, so each is accepted as that version, although by RFC 9110 a weak
// tag never matches.

import type { Request } from 'express';
import { invalid, wholeNumber } from './input.ts';

const CODING = '(?:--?|;)(?:gzip|x-gzip|br|deflate|zstd)';

/**
 * One entity tag, with the changes that proxies make; also the pattern in the API document, so
 * without Unicode classes.
 */
const TAG = `(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"(?:${CODING})?`;

/**
 * What is accepted: `*`, or one or more tags with commas. An element of the list may be empty, as
 * in HTTP.
 */
export const ifMatchPattern = `^(?:\\*|[,\\t ]*${TAG}(?:[\\t ]*,[,\\t ]*${TAG})*[,\\t ]*)$`;

const IS_TAKEN = new RegExp(ifMatchPattern);
const EACH_TAG = /"([^"]*)"/g;
const ENDING = new RegExp(`${CODING}$`);

/**
 * The versions that If-Match names. Undefined without the header or with "*": then the customer
 * only has to exist, as it must anyway. A tag that is not ours becomes 0, which no customer has.
 */
export function ifMatchOf(req: Request): { ifVersion?: number[] } {
  const given = req.get('If-Match')?.trim();
  if (given === undefined || given === '*') return {};
  if (!IS_TAKEN.test(given)) {
    const detail =
      'must be an entity tag as in the header ETag, such as "7", several of them with commas, or *';
    throw invalid([{ in: 'header', pointer: '/If-Match', code: 'entity_tag', detail }]);
  }
  const versions = Array.from(given.matchAll(EACH_TAG), ([, tag = '']) => versionOf(tag));
  return { ifVersion: [...new Set(versions)] };
}

function versionOf(tag: string): number {
  const version = wholeNumber(tag.replace(ENDING, ''));
  return typeof version === 'number' && version > 0 && version <= Number.MAX_SAFE_INTEGER ? version : 0;
}
