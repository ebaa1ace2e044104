// What may be said of an error in a log, a table or an answer: nothing that a customer has written.

export interface Fault {
  /** A state of the database, a code of ours, or the kind of the error. */
  fault: string;
  /** What it is about, without a value of any customer. */
  about: string | null;
  /** The place in the source. */
  at: string | null;
}

/**
 * What may be kept of an error whose message may quote a row: what the program says of itself, and
 * nothing of what it was given.
 */
export function describeFault(error: unknown): Fault {
  if (!(error instanceof Error)) return { fault: 'unknown', about: null, at: null };
  const { code, table, column, constraint } = error as Error & Record<string, unknown>;
  const named = [table, column, constraint].filter((name) => typeof name === 'string');
  return {
    fault: typeof code === 'string' ? code : error.name,
    about: named.length > 0 ? named.join('.') : (OF_THE_PROGRAM.exec(error.message)?.[0] ?? null),
    at: PLACE.exec(error.stack ?? '')?.[0] ?? null,
  };
}

/** Sentences of the engine that runs us in which only names out of the source can stand. */
const OF_THE_PROGRAM =
  /^(Cannot (read|set) properties of (null|undefined)( \((reading|setting) '\w+'\))?|[\w.]+ is not a (function|constructor))$/;
const PLACE = /\b(lib|db|workers)\/[\w./-]+\.ts:\d+/;
