/**
 * Bodies of the control routes: JSON with names in snake_case, checked, and converted to the names
 * in the code.
 */
import type { Request } from 'express';
import { Ajv } from 'ajv';

export type Schema = Record<string, object>;

/** The error for a wrong control call; the route answers it with 400. */
export function badControl(message: string): Error {
  return Object.assign(new Error(message), { status: 400, expose: true });
}

const ajv = new Ajv({ strict: false });

/**
 * Makes a reader for one route. Unknown members and wrong types are refused: without that, a typing
 * error would look like a fault that never happens.
 */
export function bodyReader<T>(properties: Schema, required: string[] = []): (request: Request) => T {
  const schema = { type: 'object', properties, required, additionalProperties: false };
  return (request) => {
    const check = ajv.compile(schema); // compiled once, when it is first needed
    const body: unknown = request.body ?? {};
    if (!check(body)) {
      const { additionalProperty: unknown, allowedValues } = check.errors?.[0]?.params ?? {};
      const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : '';
      throw badControl(
        typeof unknown === 'string'
          ? `The body has the unknown member "${unknown}"; it may have: ${Object.keys(properties).join(', ')}`
          : `The body ${ajv.errorsText(check.errors, { dataVar: '' })}${allowed}`,
      );
    }
    // The schema has just confirmed this type.
    return Object.fromEntries(
      Object.entries(body as object).map(([name, value]) => [camel(name), value]),
    ) as T;
  };
}

export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** The opposite conversion, for answers. */
export function snakeKeys(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      member,
    ]),
  );
}

const LONGEST_WAIT_MS = 60_000;

/** Waits for a signal, but not for ever: after the limit the caller gets an error that names it. */
export async function inTime<T>(signal: Promise<T>, what: string, ms = LONGEST_WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(badControl(`Waited ${ms} ms in vain for ${what}.`), { status: 504 })),
      ms,
    );
  });
  try {
    return await Promise.race([signal, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function queryOf(request: Request): Record<string, string> {
  const ownerTag = request.originalUrl.indexOf('?');
  return ownerTag === -1
    ? {}
    : Object.fromEntries(new URLSearchParams(request.originalUrl.slice(ownerTag + 1)));
}

export const TEXT = { type: 'string' };
export const NUMBER = { type: 'number' };
export const COUNT = { type: 'integer', minimum: 0 };
export const SWITCH = { type: 'boolean' };
export const LIMIT = { type: ['number', 'null'], exclusiveMinimum: 0 };
export const PART = { type: 'number', minimum: 0, maximum: 1 };

export const FAULT: Schema = {
  kind: {
    enum: [
      'latency',
      'hang',
      'reset',
      'rate_limit',
      'error_before_effect',
      'error_after_effect',
      'drop_answer',
    ],
  },
  method: TEXT,
  path: TEXT,
  key: TEXT,
  customer: TEXT,
  contains: TEXT,
  nth: { type: 'integer', minimum: 1 },
  times: { type: ['integer', 'null'], minimum: 1 },
  probability: PART,
  seed: COUNT,
  ms: COUNT,
  at: { enum: ['network', 'before', 'after'] },
  reason: TEXT,
  status: { type: 'integer', minimum: 400, maximum: 599 },
  code: TEXT,
  stored: SWITCH,
  should_retry: { type: ['boolean', 'null'] },
};

export const WEBHOOK_OPTIONS: Schema = {
  retry_base_ms: COUNT,
  retry_max_ms: COUNT,
  timeout_ms: COUNT,
  give_up_after_ms: COUNT,
  concurrency: { type: 'integer', minimum: 1 },
  duplicate: COUNT,
  delay_ms: COUNT,
  shuffle_window_ms: COUNT,
  drop_rate: PART,
  hold: SWITCH,
  signature_offset_ms: { type: 'integer' },
};

export const RULES: Schema = {
  api_version: TEXT,
  search_delay_ms: COUNT,
  events_tip_lag_ms: COUNT,
  deleted_cursors: SWITCH,
  replaces_hashes: SWITCH,
  trims_text: SWITCH,
  remote_webhooks: SWITCH,
};
