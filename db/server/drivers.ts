// knex and pg are loaded when the first connection is opened, and not with the files that can open one:
// they take 100 ms, and a command whose arguments are wrong opens none.
import { createRequire } from 'node:module';
import type { knex as Knex } from 'knex';
import type * as Pg from 'pg';

const require = createRequire(import.meta.url);
const loaded: { knex?: typeof Knex; pg?: typeof Pg } = {};

export function loadKnex(): typeof Knex {
  return (loaded.knex ??= require('knex') as typeof Knex);
}

export function loadPg(): typeof Pg {
  return (loaded.pg ??= require('pg') as typeof Pg);
}

/** No connection of the pool became free in time. Without knex there is no pool that could say so. */
export function isPoolTimeout(error: unknown): error is Error {
  return loaded.knex !== undefined && error instanceof loaded.knex.KnexTimeoutError;
}
