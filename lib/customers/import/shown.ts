// Text of a file in a form that a terminal may show: characters that control a terminal, change the
// writing direction or are invisible are written as their code points.

const LONGEST = 80;

/** The text in double quotes, shortened so that it fits into a line. */
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
