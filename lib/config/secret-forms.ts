/**
 * The whole form of each kind of secret. Only this file knows the forms: settings are checked by
 * them at the start, and the Stripe client checks its key by the same rule again. If only the
 * beginning of a secret were checked, a damaged secret would fail much later, as a refused webhook
 * or a 401, and no message would name the setting.
 */

/**
 * What is wrong with the secret, as text that follows the setting's name; null if the form is
 * right. The text never contains the secret.
 */
export type SecretForm = (text: string) => string | null;

/** docs.stripe.com/keys; the limit of the length is far above the length of real keys. */
const STRIPE_KEY = /^(?:sk|rk)_(?:live|test)_[A-Za-z0-9_]{1,240}$/;
/**
 * Stripe's secrets are letters and digits; those of the simulator and of other senders are base64.
 */
const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/=_-]+$/;
/** What can follow `Bearer` in a header (RFC 6750, b68token); api/auth.ts reads no more. */
const BEARER_KEY = /^[\w.~+/-]+=*$/;

const stripeKeyProblem: SecretForm = (text) => {
  if (STRIPE_KEY.test(text)) return null;
  if (text.startsWith('pk_')) return 'is a publishable key, which is for browsers';
  if (text.startsWith('whsec_'))
    return 'is the secret of a webhook endpoint: it belongs in STRIPE_WEBHOOK_SECRET';
  if (text.startsWith('sk_org_')) return 'is a key of an organization, and a key of one account is needed';
  return copyingMistake(text) ?? 'is malformed';
};

const signingSecretProblem: SecretForm = (text) => {
  if (/^whsec_whsec_/.test(text)) return 'begins with whsec_ twice';
  if (SIGNING_SECRET.test(text)) return null;
  if (/^[sr]k_/.test(text)) return 'is an API key: it belongs in STRIPE_SECRET_KEY';
  if (text.startsWith('pk_')) return 'is a publishable key';
  if (text.startsWith('we_')) return 'is the id of an endpoint; the dashboard shows its secret beside the id';
  if (/[\s;]/.test(text.trim())) return 'contains a space or a semicolon: separate several secrets by commas';
  return copyingMistake(text) ?? (text.startsWith('whsec_') ? 'is malformed' : 'does not begin with whsec_');
};

const secretKeyProblem: SecretForm = (text) => {
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return null;
  return copyingMistake(text) ?? 'is not 32 bytes in base64, which are 44 characters that end in =';
};

const bearerKeyProblem: SecretForm = (text) => {
  if (text.length < 16) return 'is shorter than 16 characters';
  if (BEARER_KEY.test(text)) return null;
  return (
    copyingMistake(text) ??
    'contains a character that is not allowed in a bearer key (allowed are letters, digits and -._~+/)'
  );
};

const hashSecretProblem: SecretForm = (text) =>
  text.length < 32 ? 'is shorter than 32 characters' : copyingMistake(text);

/** The forms, by the names that the schema of the settings uses (`format`). */
export const secretForms = {
  'stripe-key': stripeKeyProblem,
  'signing-secret': signingSecretProblem,
  'bearer-key': bearerKeyProblem,
  'secret-key': secretKeyProblem,
  'hash-secret': hashSecretProblem,
} satisfies Record<string, SecretForm>;

/** Mistakes that any secret can suffer when it is copied from a dashboard into a setting. */
const copyingMistake: SecretForm = (text) => {
  if (text.trim() === '') return 'is empty';
  if (/["'`\u2018-\u201f]/.test(text)) return 'contains quotation marks: leave them out';
  if (/[•*…\u25cf]|\.\.\./.test(text))
    return 'is masked: reveal it in the dashboard, and copy the whole secret';
  if (/^[A-Z_]{5,}=/.test(text)) return 'begins with the name of a setting';
  if (/\s/.test(text)) return 'contains white space';
  const odd = /[^\x21-\x7e]/u.exec(text)?.[0];
  return odd === undefined ? null : `contains the character ${codePoint(odd)}, which may be invisible`;
};

/** `U+200B`. No secret has a character outside ASCII, so the character may be shown. */
function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
