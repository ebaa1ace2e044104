/** docs.stripe.com/api/accounts and /api/balance, as far as is needed to find a key's account. */
import type { Handler } from '../http/call.ts';
import { refuse } from '../http/errors.ts';
import { refuseUnknown } from '../http/params.ts';

export const retrieveAccount: Handler = ({ account, params, id }) => {
  refuseUnknown(params, ['expand']);
  if (id !== '' && id !== account.id) {
    refuse(`The provided key does not have access to account '${id}' (or that account does not exist).`, {
      status: 403,
      code: 'account_invalid',
    });
  }
  return {
    body: {
      id: account.id,
      object: 'account',
      business_type: null,
      charges_enabled: true,
      country: 'US',
      default_currency: 'usd',
      details_submitted: true,
      email: null,
      metadata: {},
      payouts_enabled: true,
      settings: { dashboard: { display_name: 'Simulator', timezone: 'Etc/UTC' } },
      type: 'standard',
    },
  };
};

/** The balance is the one object without an id that shows the mode of a key. */
export const retrieveBalance: Handler = ({ params }) => {
  refuseUnknown(params, ['expand']);
  return { body: { object: 'balance', available: [], livemode: false, pending: [] } };
};
