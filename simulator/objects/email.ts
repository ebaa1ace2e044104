import { refuse } from '../http/errors.ts';

/**
 * Which email addresses are accepted. Stripe's own check is not published; these are the refusals
 * that users have reported from it: no domain with a dot (`a@com`), white space anywhere, leading
 * and trailing included, an empty label (`a@.example.com`), a full-width at sign. The simulator
 * adds rules of its own: the local part is printable ASCII without quotes, brackets or commas, and
 * has no dot at its ends nor two in a row; a label of the domain consists of letters and digits of
 * any script and inner hyphens; the last label has at least two characters and not only digits. So
 * there are addresses that a loose check (`something@something`) accepts and Stripe does not.
 */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u;

export function isAcceptedEmail(email: string): boolean {
  const at = email.lastIndexOf('@');
  if (at < 1) return false;
  const labels = email.slice(at + 1).split('.');
  const last = labels.at(-1) ?? '';
  return (
    LOCAL.test(email.slice(0, at)) &&
    labels.length >= 2 &&
    labels.every((label) => label.length <= 63 && LABEL.test(label)) &&
    last.length >= 2 &&
    !/^\d+$/.test(last)
  );
}

/** docs.stripe.com/error-codes#email-invalid */
export function refuseBadEmail(email: string, param: string): void {
  if (!isAcceptedEmail(email)) refuse(`Invalid email address: ${email}`, { code: 'email_invalid', param });
}
