/**
 * The whole form of each kind of secret, the only place that knows it: settings are checked by it
 * at the start, and the Stripe client by the same rule once more. A secret that only begins rightly
 * would fail much later, as a refused webhook or a 401, where nothing names the setting.
 */

/**
 * What is wrong, to follow the setting's name; null where the form is right. It never repeats what
 * was given.
 */
export type SecretForm = (text: string) => string | null;

/** docs.stripe.com/keys; the length is the longest that any key of ours has had, many times over. */
const STRIPE_KEY = /^(?:sk|rk)_(?:live|test)_[A-Za-z0-9_]{1,240}$/;
/** Stripe's are letters and digits; the simulator's, like those of other senders, are base64. */
const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/=_-]+$/;
/** What can follow `Bearer` in a header (RFC 6750, b68token); api/auth.ts reads no more. */
const BEARER_KEY = /^[\w.~+/-]+=*$/;

const stripeKeyProblem: SecretForm = (text) => {
  if (STRIPE_KEY.test(text)) return null;
  if (text.startsWith('pk_')) return 'is a publishable key, which is for browsers';
  if (text.startsWith('whsec_'))
    return 'is the secret of a webhook endpoint: it belongs into STRIPE_WEBHOOK_SECRET';
  if (text.startsWith('sk_org_')) return 'is an organization key, which is of no one account';
  return spoiltBy(text) ?? 'is malformed';
};

const signingSecretProblem: SecretForm = (text) => {
  if (/^whsec_whsec_/.test(text)) return 'begins with whsec_ twice';
  if (SIGNING_SECRET.test(text)) return null;
  if (/^[sr]k_/.test(text)) return 'is an API key: it belongs into STRIPE_SECRET_KEY';
  if (text.startsWith('pk_')) return 'is a publishable key';
  if (text.startsWith('we_')) return 'is the id of an endpoint; its secret stands beside it in the dashboard';
  if (/[\s;]/.test(text.trim()))
    return 'has a blank or a semicolon in it: several secrets are separated by commas';
  return spoiltBy(text) ?? (text.startsWith('whsec_') ? 'is malformed' : 'does not begin with whsec_');
};

const bearerKeyProblem: SecretForm = (text) => {
  if (text.length < 16) return 'is shorter than 16 characters';
  if (BEARER_KEY.test(text)) return null;
  return (
    spoiltBy(text) ??
    'has a character that no bearer key can have in a header (letters, digits and -._~+/ can)'
  );
};

/** By the names that the settings' schema gives them (`format`). */
export const secretForms = {
  'stripe-key': stripeKeyProblem,
  'signing-secret': signingSecretProblem,
  'bearer-key': bearerKeyProblem,
} satisfies Record<string, SecretForm>;

/** What happens to any secret on its way from a dashboard into a setting. */
const spoiltBy: SecretForm = (text) => {
  if (text.trim() === '') return 'is empty';
  if (/["'`\u2018-\u201f]/.test(text)) return 'has quotation marks in it: leave them out';
  if (/[•*…\u25cf]|\.\.\./.test(text)) return 'is masked: let the dashboard reveal it, and copy the whole';
  if (/^[A-Z_]{5,}=/.test(text)) return 'begins with the name of a setting';
  if (/\s/.test(text)) return 'contains white space';
  const odd = /[^\x21-\x7e]/u.exec(text)?.[0];
  return odd === undefined ? null : `has the character ${codePoint(odd)} in it, which may be invisible`;
};

/** `U+200B`. A character outside ASCII is no part of any secret, so it may be shown. */
function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
