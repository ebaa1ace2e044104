// What a person may have meant by a name that is not known.

/**
 * The known names that lie near a given one, the nearest first, three at most. A dotted name lies
 * near its last part, whatever the case: `postalCode` finds `address.postal_code`.
 */
export function nearNames(given: string, known: readonly string[]): string[] {
  const wanted = plain(given);
  return known
    .map((name) => ({ name, far: Math.min(distance(wanted, plain(name)), 1 + lastPart(wanted, name)) }))
    .filter(({ far }) => far <= Math.ceil(wanted.length / 3))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `; did you mean "a" or "b"?`, and nothing where no name is near. */
export function suggestion(given: string, known: readonly string[]): string {
  const near = nearNames(given, known).map((name) => `"${name}"`);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}

function lastPart(wanted: string, name: string): number {
  return name.includes('.') ? distance(wanted, plain(name.slice(name.lastIndexOf('.') + 1))) : Infinity;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.]/g, '');
}

/** How many letters have to be put in, taken out or changed to make one of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
