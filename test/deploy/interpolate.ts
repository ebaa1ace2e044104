// The variables of a compose file, filled in as Docker Compose does it. Unknown syntax is refused.

export type Variables = Readonly<Record<string, string>>;

const REFERENCE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?)([-?+])([^${}]*))?\}|(.?))/g;

/**
 * Every text inside `value`, with its variables replaced. Throws the message of `${NAME:?text}` for
 * a missing one.
 */
export function interpolate<T>(value: T, variables: Variables): T {
  return replace(value, variables) as T; // The shape stays the same: only texts change.
}

function replace(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return fill(value, variables);
  if (Array.isArray(value)) return value.map((item) => replace(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, variables)]));
}

function fill(text: string, variables: Variables): string {
  return text.replace(REFERENCE, (whole: string, ...groups: (string | undefined)[]) => {
    const [dollar, plain, name = plain, colon, operator, substitute = '', wrong] = groups;
    if (dollar !== undefined) return '$';
    if (name === undefined || wrong !== undefined)
      throw new Error(`no reference to a variable in ${JSON.stringify(text)}: ${whole}`);
    const given = variables[name];
    // With the colon an empty value is the same as none.
    const isThere = given !== undefined && !(colon === ':' && given === '');
    if (operator === '+') return isThere ? substitute : '';
    if (isThere) return given;
    if (operator === '?') throw new Error(`${name}: ${substitute}`);
    return operator === '-' ? substitute : '';
  });
}
