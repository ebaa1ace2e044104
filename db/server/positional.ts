// Named bindings (`:name`) as PostgreSQL numbers them (`$1`).

export type Positional = {
  text: string;
  /** The name of each number, from $1. */
  order: readonly string[];
};

/** A colon with a word that is not one of the names stays as it is: a cast, or a part of a text. */
export function readNames(sql: string, names: readonly string[]): Positional {
  const numbers = new Map<string, number>();
  const text = sql.replace(/(?<!:):(?!:)(\w+)/g, (found, name: string) => {
    if (!names.includes(name)) return found;
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return `$${number}`;
  });
  return { text, order: [...numbers.keys()] };
}
