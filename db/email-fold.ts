// When are two emails one? If they differ in nothing but the case of the 26 letters A to Z. This
// file has the rule twice, once for programs and once for SQL; both answer the same bytes
// (test/db/email-fold.test.ts).
//
// A database's own lower() follows its locale, and so do the libraries that a locale comes from: in
// Turkish lower('I') is 'ı', in Lithuanian 'ì' gets a dot, and a new version of a library may
// change any of them below an index that exists. The collation "C" has no locale: lower() with it
// changes A to Z and nothing else, in every database (docs/decisions/0055-one-fold.md).

/** A to Z in lower case; any other character as it is. */
export function fold(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The same in SQL, of a text expression. What is looked up by it must be folded by it as well, or
 * the index is not used.
 */
export function folded(expression: string): string {
  return `lower(${expression} collate "C")`;
}
