/**
 * The guard in front of the log. The rule is that no code logs names, emails or secrets; this is
 * for the day on which some code does. It looks at the names of fields, and inside texts for what
 * gives itself away.
 */

const HIDDEN = '[redacted]';

/** Parts of a field's name that make the field private: `customerEmail`, `api_key`, `names`. */
const PRIVATE_WORDS = /^(secret|key|email|name|password|passwd|token|authorization|cookie)s?$/i;

const PRIVATE_TEXT: readonly RegExp[] = [
  /\b(?:sk|rk|pk)_(?:test|live)_\w+/g,
  /\bwhsec_[\w+/=-]+/g,
  /\btwinbox_[0-9a-f]{12}_\w+/g,
  /\bBearer\s+[^\s"',]+/gi,
  // The user and password in an address.
  /(?<=\w:\/\/)[^\s/@]+(?=@)/g,
  /[^\s@<>"'(),:;=[\]]+@[^\s@<>"'(),:;=[\]]+\.[^\s@<>"'(),:;=[\].]+/g,
];

/** Secrets that this process has at hand, and the settings do not show the form of: newest last. */
const known = new Set<string>();
const MOST_KNOWN = 500;
/** A shorter text would hide parts of ordinary words. */
const SHORTEST = 8;

/** From now on these texts are hidden wherever they stand, also where they are encoded for an address. */
export function rememberSecrets(secrets: readonly string[]): void {
  for (const secret of secrets.flatMap((each) => [each, encodeURIComponent(each)])) {
    if (secret.length < SHORTEST) continue;
    known.delete(secret);
    known.add(secret);
  }
  for (const oldest of [...known].slice(0, Math.max(0, known.size - MOST_KNOWN))) known.delete(oldest);
}

/** The text without the secrets that this process knows; all else stays. */
export function withoutSecrets(text: string): string {
  let safe = text;
  for (const secret of known) safe = safe.replaceAll(secret, HIDDEN);
  return safe;
}

/** A copy that is safe to print: private fields and texts hidden, errors and dates made plain, cycles cut. */
export function redact(value: unknown, seen: readonly unknown[] = []): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (seen.includes(value) || seen.length > 8) return '[…]';
  const path = [...seen, value];
  if (value instanceof Error) return redactError(value, path);
  if (Array.isArray(value)) return value.map((item) => redact(item, path));
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [field, isPrivate(field) ? HIDDEN : redact(inner, path)]),
  );
}

/** Of an error only what is about the fault: a database error also carries the row that was refused. */
function redactError(error: Error, path: readonly unknown[]): unknown {
  return {
    type: error.name,
    ...('code' in error ? { code: redact(error.code, path) } : {}),
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, path) }),
  };
}

function redactText(text: string): string {
  return PRIVATE_TEXT.reduce((safe, pattern) => safe.replace(pattern, HIDDEN), withoutSecrets(text));
}

function isPrivate(field: string): boolean {
  const words = field.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/);
  return words.some((word) => PRIVATE_WORDS.test(word));
}
