// If-Match as it arrives. We give strong tags out ("7"), but what stands between us and a caller
// may rewrite them: nginx weakens a tag when it compresses (W/"7"), Apache adds what it did
// ("7-gzip", "7"-gzip), Jetty and others their own ("7--gzip", "7;gzip"). All of these are the
// version that the caller saw, so they are taken as that; RFC 9110 would have a weak tag never
// match.

import type { Request } from 'express';
import { invalid, wholeNumber } from './input.ts';

const CODING = '(?:--?|;)(?:gzip|x-gzip|br|deflate|zstd)';

/**
 * One entity tag with what proxies make of it; also the pattern in the API document, so without
 * Unicode classes.
 */
const TAG = `(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"(?:${CODING})?`;

/** What is taken: `*`, or one or more tags with commas. Commas may stand alone, as in every list of HTTP. */
export const ifMatchPattern = `^(?:\\*|[,\\t ]*${TAG}(?:[\\t ]*,[,\\t ]*${TAG})*[,\\t ]*)$`;

const IS_TAKEN = new RegExp(ifMatchPattern);
const EACH_TAG = /"([^"]*)"/g;
const ENDING = new RegExp(`${CODING}$`);

/**
 * The versions If-Match asks for; undefined if it asks for none (no header, or "*": the customer
 * has to exist, as it must anyway). 0, which no customer has, for a tag that is not one of ours.
 */
export function ifMatchOf(req: Request): { ifVersion?: number[] } {
  const given = req.get('If-Match')?.trim();
  if (given === undefined || given === '*') return {};
  if (!IS_TAKEN.test(given)) {
    const detail =
      'must be an entity tag as the header ETag gave it, such as "7", several of them with commas, or *';
    throw invalid([{ in: 'header', pointer: '/If-Match', code: 'entity_tag', detail }]);
  }
  const versions = Array.from(given.matchAll(EACH_TAG), ([, tag = '']) => versionOf(tag));
  return { ifVersion: [...new Set(versions)] };
}

function versionOf(tag: string): number {
  const version = wholeNumber(tag.replace(ENDING, ''));
  return typeof version === 'number' && version > 0 && version <= Number.MAX_SAFE_INTEGER ? version : 0;
}
