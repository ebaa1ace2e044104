// When are two emails one? If they differ only in the case of the 26 letters A to Z. This file has
// the rule twice, once for programs and once for SQL; both give the same bytes
// (test/db/email-fold.test.ts).
//
// A database's own lower() depends on its locale, and so on the library behind that locale: in
// Turkish lower('I') is 'ı', in Lithuanian 'ì' gets a dot, and a new version of a library may
// change the result under an index that exists. The collation "C" has no locale: lower() with it
// changes A to Z and nothing else, in every database (docs/decisions/0055-one-fold.md).

/** A to Z in lower case; any other character is unchanged. */
export function fold(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The same in SQL, for a text expression. A value that is compared with it must be folded by the
 * same function, or the index is not used.
 */
export function folded(expression: string): string {
  return `lower(${expression} collate "C")`;
}
