// Characters that cannot be seen: control characters, direction marks, joiners, fillers, tags. With
// them two different emails look the same. What they do to a terminal: lib/escape-unseen.ts.

/**
 * Unicode's format characters (Cf), all characters that are drawn as nothing by default, and the
 * empty pattern of Braille.
 */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Most texts begin and end with a visible character of ASCII, and have nothing to strip. */
const PLAIN_ENDS = /^[!-~](?:[^]*[!-~])?$/;

/** Whether the text has a visible character. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/**
 * The first character that cannot be seen, except white space and control characters; `place`
 * counts characters from 1.
 */
export function findInvisible(text: string): { name: string; place: number } | null {
  const found = INVISIBLE.exec(text);
  return found && { name: characterName(found[0]), place: Array.from(text.slice(0, found.index)).length + 1 };
}

/**
 * The text without white space and invisible characters at both ends. It walks from the ends to the
 * middle, since the time of `+$` would grow with the square of a long text's length.
 */
export function stripEnds(text: string): string {
  if (PLAIN_ENDS.test(text)) return text;
  const isEdge = (character: string | undefined): boolean =>
    character !== undefined && (/\s/u.test(character) || INVISIBLE.test(character));
  const characters = Array.from(text);
  let [from, to] = [0, characters.length];
  while (from < to && isEdge(characters[from])) from += 1;
  while (from < to && isEdge(characters[to - 1])) to -= 1;
  return characters.slice(from, to).join('');
}

/** `U+200B ZERO WIDTH SPACE`: the code point, and Unicode's name of the frequent ones. */
function characterName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const [, name] = NAMES.find(([first, , last = first]) => code >= first && code <= last) ?? [];
  const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return name === undefined ? point : `${point} ${name}`;
}

// From Unicode's UnicodeData.txt; for a range, the common part of the names.
const NAMES: readonly (readonly [first: number, name: string, last?: number])[] = [
  [0x00ad, 'SOFT HYPHEN'],
  [0x034f, 'COMBINING GRAPHEME JOINER'],
  [0x061c, 'ARABIC LETTER MARK'],
  [0x115f, 'HANGUL FILLER', 0x1160],
  [0x180b, 'MONGOLIAN VARIATION SELECTOR', 0x180d],
  [0x180e, 'MONGOLIAN VOWEL SEPARATOR'],
  [0x200b, 'ZERO WIDTH SPACE'],
  [0x200c, 'ZERO WIDTH NON-JOINER'],
  [0x200d, 'ZERO WIDTH JOINER'],
  [0x200e, 'LEFT-TO-RIGHT MARK'],
  [0x200f, 'RIGHT-TO-LEFT MARK'],
  [0x202a, 'LEFT-TO-RIGHT EMBEDDING'],
  [0x202b, 'RIGHT-TO-LEFT EMBEDDING'],
  [0x202c, 'POP DIRECTIONAL FORMATTING'],
  [0x202d, 'LEFT-TO-RIGHT OVERRIDE'],
  [0x202e, 'RIGHT-TO-LEFT OVERRIDE'],
  [0x2060, 'WORD JOINER'],
  [0x2061, 'INVISIBLE OPERATOR', 0x2064],
  [0x2066, 'LEFT-TO-RIGHT ISOLATE'],
  [0x2067, 'RIGHT-TO-LEFT ISOLATE'],
  [0x2068, 'FIRST STRONG ISOLATE'],
  [0x2069, 'POP DIRECTIONAL ISOLATE'],
  [0x206a, 'SHAPING CONTROL', 0x206f],
  [0x2800, 'BRAILLE PATTERN BLANK'],
  [0x3164, 'HANGUL FILLER'],
  [0xfe00, 'VARIATION SELECTOR', 0xfe0f],
  [0xfeff, 'ZERO WIDTH NO-BREAK SPACE'],
  [0xffa0, 'HALFWIDTH HANGUL FILLER'],
  [0xfff9, 'INTERLINEAR ANNOTATION', 0xfffb],
  [0xe0001, 'LANGUAGE TAG'],
  [0xe0020, 'TAG CHARACTER', 0xe007f],
  [0xe0100, 'VARIATION SELECTOR', 0xe01ef],
];
