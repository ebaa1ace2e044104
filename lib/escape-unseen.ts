// Characters that cannot be seen, written as escapes. On a terminal they move the cursor or reverse
// the order of letters, so that a line can be faked.

// Joiners shape letters of many scripts and hold emojis together, and a variation selector chooses
// between two forms of one sign. Between and behind such signs they are part of what is seen.
const SHAPES =
  /(?<=[[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]--[\p{ASCII}\p{Default_Ignorable_Code_Point}]]\ufe0f?)(?:[\u200c\u200d](?=[[\p{L}\p{Extended_Pictographic}]--[\p{ASCII}\p{Default_Ignorable_Code_Point}]])|[\ufe0e\ufe0f])/v
    .source;

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/v.source;

const UNSEEN = new RegExp(`${SHAPES}|(${HIDDEN})`, 'gv');

/**
 * For a terminal: what cannot be seen, or would do something, as an escape such as \u202e. `keep`
 * names control characters that stay. The same text again gives the same.
 */
export function escapeUnseen(text: string, keep = ''): string {
  return text.replaceAll(UNSEEN, (whole: string, hidden: string | undefined) =>
    hidden === undefined || keep.includes(hidden) ? whole : escapeOf(hidden),
  );
}

/**
 * The same for a JSON text, where an escape is read back as the very character: what is printed
 * keeps its values.
 */
export function escapeUnseenJson(json: string): string {
  return json.replaceAll(UNSEEN, (whole: string, hidden: string | undefined) =>
    hidden === undefined || hidden === '\n' ? whole : jsonEscapeOf(hidden),
  );
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT[character] ?? (hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}

function jsonEscapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, at) => escapeOf(character.charAt(at))).join('');
}
