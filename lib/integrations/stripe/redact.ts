// Which part of an error's text may be kept. Stripe quotes what was sent ("Invalid email address:
// …", "Invalid string: …"), and names and emails must not get into logs, nor into rows that are
// kept longer than their customer. In doubt, text is removed.

const CUT = '…';
const MAX_LENGTH = 300;

/**
 * A key or secret of Stripe (docs.stripe.com/keys), or the HTTP header that contains one. Stripe
 * removes keys from its messages itself; a proxy does not.
 */
export const SECRET =
  /\b(?:[a-z]{2}_(?:test|live|org)_|whsec_)[^\s"'&,;)<]+|\b(?:bearer|basic)\s+[^\s"',;)<]+/i;
const SECRETS = new RegExp(SECRET, 'gi');

/** The message without any value; the parameter's own name and Stripe's customer ids stay. */
export function withoutValues(message: string, param: string | null): string {
  const limit = /must be at most \d+ characters/i.exec(message)?.[0];
  const kept: string[] = [];
  const keep = (text: string): string => `\u0001${kept.push(text) - 1}\u0001`;
  let text = message
    .slice(0, 4 * MAX_LENGTH)
    .replaceAll('\u0001', '')
    .replace(SECRETS, CUT);
  text = text.replace(/(["'`])(cus_[A-Za-z0-9]{1,64})\1/g, (quoted) => keep(quoted));
  if (param !== null && param !== '') {
    for (const quote of ["'", '"', '`']) {
      text = text.replaceAll(`${quote}${param}${quote}`, (quoted) => keep(quoted));
    }
    text = text.replace(`: ${param}`, (named) => keep(named));
  }
  // A value may contain quotes and colons, so each cut reaches to the last one of its kind.
  text = text
    .replace(/(^|[\s(=[])(["'`]).*\2(?=[\s.,;:!?)\]]|$)/gs, `$1${CUT}`)
    .replace(/:\s+(?!\u0001).*$/s, `: ${CUT}`)
    .replace(/\S+@\S+/g, CUT);
  if (limit !== undefined && !text.includes(limit)) text = `${text}; ${limit}`;
  return text
    .replace(/\u0001(\d+)\u0001/g, (_, index: string) => kept[Number(index)] ?? CUT)
    .slice(0, MAX_LENGTH);
}
