// What every statement is run on. Types alone, in a file of their own: connection.ts moves sequences
// for a write that met a taken number, and what moves them is given a pool or a transaction, too.
import type { Knex } from 'knex';

/** A pool of connections, or one transaction: reads take either. */
export type Db = Knex;
/** An open transaction: what writes an event takes one as its first argument. */
export type Tx = Knex.Transaction;
