// Text of a file as a terminal may show it: what controls a terminal, changes the direction of
// writing or cannot be seen is written as its code point.

const LONGEST = 80;

/** In double quotes; cut to what a line can hold. */
export function show(text: string): string {
  const characters = Array.from(text);
  const cut = characters.length > LONGEST ? [...characters.slice(0, LONGEST - 1), '…'] : characters;
  return `"${cut.map(showCharacter).join('')}"`;
}

/** "a", "b" and 12 more. */
export function showList(texts: readonly string[], most = 40): string {
  const shown = texts.slice(0, most).map(show).join(', ');
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

function showCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  if (character === ' ' || !/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
