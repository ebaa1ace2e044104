// What the codes of Stripe's failures mean, and how each is cured. `classify` can give no code of its own
// that is missing here: its table does not compile. Beside those stand the codes of Stripe that a
// request about a customer can get (docs.stripe.com/error-codes); any other code is explained by its kind
// (lib/operations/meanings.ts). `all`: a failure of the address, the key or the limits.
import type { Meaning } from '../failure-meaning.ts';

const BY_ITSELF = 'Nothing: Twinbox tries again by itself.';
const EDIT = 'Correct the value in our table or at Stripe: the pair is then tried again by itself.';
const THEN_REPLAY = 'then `npx twinbox replay`';

/** The codes that classify gives. */
export const ownCodes = {
  unsendable: {
    means: 'No request can be made from the values or from the id of the record; nothing was sent.',
    cure: 'Correct the value, or name the record: `npx twinbox resolve CUSTOMER --record ID`.',
  },
  unexpected_answer: {
    means: 'Stripe answered with success, and the answer has no customer in it.',
    cure: `Look at STRIPE_API_BASE and at proxies on the way, ${THEN_REPLAY}.`,
  },
  connection_refused: {
    means: 'Nothing listens at the address of Stripe; nothing was sent.',
    cure: 'Look at STRIPE_API_BASE and at the network: `npx twinbox doctor`.',
    all: true,
  },
  name_not_found: {
    means: 'The name of the address of Stripe was not found; nothing was sent.',
    cure: 'Look at DNS and at STRIPE_API_BASE: `npx twinbox doctor`.',
    all: true,
  },
  connect_timeout: {
    means: 'No connection to Stripe was made in time; nothing was sent.',
    cure: 'Look at the network and at firewalls: `npx twinbox doctor`.',
    all: true,
  },
  connection_failed: {
    means: 'No connection to Stripe was made; nothing was sent.',
    cure: 'Look at the network: `npx twinbox doctor`.',
    all: true,
  },
  timeout: {
    means: 'No answer came in time; the request may have taken effect.',
    cure: BY_ITSELF,
    all: true,
  },
  connection_lost: {
    means: 'The connection ended before the answer; the request may have taken effect.',
    cure: BY_ITSELF,
    all: true,
  },
  stored_failure: {
    means:
      'Stripe has stored a failure under the key of the request, and would answer it for as long as the key lives.',
    cure: 'Nothing: Twinbox sends the change under a new key.',
  },
  lock_timeout: { means: 'Another request was using the same customer at Stripe.', cure: BY_ITSELF },
  'resource-specific': {
    means: 'Too many requests about this one customer.',
    cure: 'Nothing, unless another program writes the same customer all the time.',
  },
  rate_limit: {
    means: 'More requests than the account may make.',
    cure: 'Nothing; if it goes on for hours, lower STRIPE_RATE_LIMIT or look for another program that uses the account.',
    all: true,
  },
  conflict: { means: 'The same request is still running at Stripe.', cure: BY_ITSELF },
  idempotency_error: {
    means: 'The key of the request was used with other parameters.',
    cure: 'Nothing: Twinbox sends the change under a new key.',
  },
  foreign_answer: {
    means: 'The answer was not made by Stripe, but by a proxy or another host.',
    cure: 'Look at STRIPE_API_BASE and at proxies on the way: `npx twinbox doctor`.',
    all: true,
  },
  unauthorized: {
    means: 'Stripe does not accept the key.',
    cure: 'Set a valid STRIPE_SECRET_KEY and restart the workers.',
    all: true,
  },
  forbidden: {
    means: 'The key lacks a right, or the account does not allow the call.',
    cure: 'Give the key the rights that `npx twinbox doctor` names.',
    all: true,
  },
  resource_missing: {
    means: 'Stripe does not have the record: it is gone, or the key belongs to another account.',
    cure: 'Look whether the key is of the right account, then decide with `npx twinbox resolve CUSTOMER`.',
  },
  unknown_url: {
    means: 'Stripe does not know the address of the request.',
    cure: 'Correct STRIPE_API_BASE.',
    all: true,
  },
  api_error: {
    means: 'Stripe failed.',
    cure: 'Nothing, unless it goes on: look at status.stripe.com.',
    all: true,
  },
  too_early: {
    means: 'Stripe gave up waiting for the request, or wants it later.',
    cure: BY_ITSELF,
    all: true,
  },
  refused: { means: 'Stripe refuses the request and gives no reason.', cure: EDIT },
  undocumented_status: {
    means: 'Stripe answered with a status that its documentation does not have.',
    cure: `Look at the request in Stripe's log by its id, ${THEN_REPLAY}.`,
  },
  unknown: {
    means: 'A failure that Twinbox cannot read: most likely a fault of Twinbox.',
    cure: `Look at the log of the worker, ${THEN_REPLAY}.`,
  },
} as const satisfies Record<string, Meaning>;

export type OwnCode = keyof typeof ownCodes;

/** Types that stand for a code where the answer has none, and codes of Stripe. */
const sent: Readonly<Record<string, Meaning>> = {
  invalid_request_error: { means: 'Stripe refuses a value of the request.', cure: EDIT },
  card_error: {
    means: 'Stripe refuses the payment details of the customer.',
    cure: 'Correct them at Stripe; Twinbox sends none.',
  },
  'endpoint-rate': {
    means: 'More requests of this kind than the account may make in a second.',
    cure: 'Nothing; if it goes on for hours, lower STRIPE_ENDPOINT_RATE_LIMIT.',
    all: true,
  },
  'endpoint-concurrency': {
    means: 'More requests of this kind at the same time than the account may make.',
    cure: 'Nothing; if it goes on for hours, run fewer workers.',
    all: true,
  },
  'global-rate': {
    means: 'More requests than the account may make in a second.',
    cure: 'Nothing; if it goes on for hours, lower STRIPE_RATE_LIMIT.',
    all: true,
  },
  'global-concurrency': {
    means: 'More requests at the same time than the account may make.',
    cure: 'Nothing; if it goes on for hours, run fewer workers.',
    all: true,
  },
  email_invalid: { means: 'Stripe does not accept the text as an email address.', cure: EDIT },
  parameter_invalid_empty: { means: 'A value that Stripe requires is empty.', cure: EDIT },
  parameter_invalid_string_blank: { means: 'A value has blanks only.', cure: EDIT },
  parameter_invalid_string_empty: { means: 'A value is an empty text.', cure: EDIT },
  parameter_invalid_integer: { means: 'A value is no whole number that Stripe takes.', cure: EDIT },
  parameter_missing: {
    means: 'A value that Stripe requires is missing.',
    cure: 'Give the field a value, or map the field: `npx twinbox mapping try stripe customer`.',
  },
  parameter_unknown: {
    means: 'Stripe does not know a field of the request.',
    cure: `Correct the mapping of the field, ${THEN_REPLAY}.`,
  },
  parameters_exclusive: {
    means: 'Stripe takes only one of two fields.',
    cure: `Map one of the two fields, ${THEN_REPLAY}.`,
  },
  invalid_characters: { means: 'A value has characters that Stripe does not take.', cure: EDIT },
  url_invalid: { means: 'A value is no web address.', cure: EDIT },
  tax_id_invalid: { means: 'The tax id is not one of its country.', cure: EDIT },
  customer_tax_location_invalid: {
    means: 'The address is not enough to find the place for taxes.',
    cure: EDIT,
  },
  country_unsupported: { means: 'Stripe does not take the country.', cure: EDIT },
  state_unsupported: { means: 'Stripe does not take the state of the address.', cure: EDIT },
  postal_code_invalid: { means: 'The postal code is not one of its country.', cure: EDIT },
  resource_already_exists: {
    means: 'Stripe has an object with this id already.',
    cure: 'Name the record: `npx twinbox link CUSTOMER --record ID`.',
  },
  idempotency_key_in_use: { means: 'The same request is still running at Stripe.', cure: BY_ITSELF },
  account_invalid: {
    means: 'The account of the key does not exist, or the key may not use it.',
    cure: 'Set the key of the right account and restart the workers.',
    all: true,
  },
  api_key_expired: {
    means: 'The key has expired.',
    cure: 'Set a new STRIPE_SECRET_KEY and restart the workers.',
    all: true,
  },
  platform_api_key_expired: {
    means: 'The key of the platform has expired.',
    cure: 'Set a new STRIPE_SECRET_KEY and restart the workers.',
    all: true,
  },
  secret_key_required: {
    means: 'The key is a publishable one.',
    cure: 'Set a secret or restricted key as STRIPE_SECRET_KEY.',
    all: true,
  },
  livemode_mismatch: {
    means: 'The key is of test mode and the record of live mode, or the other way round.',
    cure: 'Set the key of the mode in which the records are.',
  },
  tls_version_unsupported: {
    means: 'Stripe does not accept the TLS version of the connection.',
    cure: 'Look at proxies on the way: `npx twinbox doctor`.',
    all: true,
  },
};

export const stripeFailures: Readonly<Record<string, Meaning>> = { ...sent, ...ownCodes };
