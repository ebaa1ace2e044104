// What Toy promises. The engine reads each line, and a promise that does not hold makes second
// records or loses changes: where the vendor's documentation leaves a doubt, take the last choice.
// docs/integrations.md says what follows from each value; docs/how-to/write-an-integration.md asks
// the questions that lead to them.
import type { Capabilities } from '../../../../lib/integrations/integration.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export const capabilities: Capabilities = {
  // How is a second record avoided after a create of unknown outcome?
  // 'key': the request has an idempotency key. 'unique-tag': the vendor takes each owner tag once.
  // 'none': neither; the record is looked for by its email.
  creates: 'key',
  // May an update be sent again? 'key', 'version' (each update names the version it was made for),
  // or 'none'.
  updates: 'key',
  // How long the vendor keeps an idempotency key; 0 if neither of the two above is 'key'.
  requestLifeMs: 23 * HOUR,
  // How long after its last send a request may still take effect.
  inFlightMs: 60 * SECOND,
  // The time limit of one call.
  callTimeoutMs: 15 * SECOND,
  // What does a delete do? 'delete': the record is gone. 'archive': it keeps its values and can come
  // back. 'none': nothing is deleted by the API.
  deletes: 'delete',
  // Can the account use up a quota, which its calls then answer?
  quota: true,
  // How much of a quota may sweeps, comparisons and the first reading use up, from 0 to 1, where the
  // answers say what is left? 1 if they do not say it.
  backgroundShare: 0.95,
  // Can two records be made one there, so that the id of one leads to the other?
  merges: true,
  // Requests a second: of the account as a whole, and of each endpoint.
  rates: { account: 100, endpoint: 100 },
};
