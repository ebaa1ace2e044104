// RFC 8259 leaves open which of two equal keys counts, and parsers differ: a proxy or a log before
// us may have read the other one. JSON.parse takes the last one without an error, so this file
// looks for repeated keys in the text itself.

const BEHIND_STRING = /["\\]/g;

type Level = { keys: Set<string> | null; at: string | number };

/** How many parts of a path are shown: a body may be nested a hundred thousand levels deep. */
const MAX_DEPTH_SHOWN = 20;

/**
 * The path of the first key that an object has twice, such as ['name'] or ['items', 1, 'id']; null
 * if no key is repeated. Keys are compared after unescaping, so that "n" and "\u006e" are the same.
 * `text` must be valid JSON: call JSON.parse first.
 */
export function findRepeatedKey(text: string): (string | number)[] | null {
  const levels: Level[] = [];
  let top: Level | undefined;
  let wantsKey = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
        levels.push((top = { keys: new Set(), at: '' }));
        wantsKey = true;
        break;
      case '[':
        levels.push((top = { keys: null, at: 0 }));
        wantsKey = false;
        break;
      case '}':
      case ']':
        levels.pop();
        top = levels.at(-1);
        wantsKey = false;
        break;
      case ',':
        if (top?.keys) wantsKey = true;
        else if (typeof top?.at === 'number') top.at += 1;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (wantsKey && top?.keys) {
          top.at = JSON.parse(text.slice(at, end + 1)) as string;
          if (top.keys.has(top.at)) return levels.slice(0, MAX_DEPTH_SHOWN).map((level) => level.at);
          top.keys.add(top.at);
          wantsKey = false;
        }
        at = end;
        break;
      }
      default: // a number, a constant, a blank
    }
  }
  return null;
}

/** The end of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  BEHIND_STRING.lastIndex = start + 1;
  for (;;) {
    const found = BEHIND_STRING.exec(text);
    if (found === null) return text.length;
    if (found[0] === '"') return found.index;
    BEHIND_STRING.lastIndex = found.index + 2; // skips the escaped character
  }
}
