// What every statement is run on. Only types, in a separate file: connection.ts moves sequences for
// a write that met a taken number, and the code that moves them needs the types of pool and
// transaction.
import type { Knex } from 'knex';

/** A pool of connections, or one transaction: reads accept both. */
export type Db = Knex;
/** An open transaction: a function that writes an event takes one as its first argument. */
export type Tx = Knex.Transaction;
