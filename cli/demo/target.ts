import { relative } from 'node:path';
import type { Config } from '../../lib/config/config.ts';

/** What the demo is about to use, in lines for the person who has to agree with it. */
export function describeTarget(config: Config): string[] {
  const { url } = config.database;
  const place = relative('.', config.dataDir) || '.';
  const at = url === undefined ? null : new URL(url);
  return [
    at === null
      ? `PostgreSQL is real and brought along, in ${place} (emptied at each start; nothing else is touched).`
      : `PostgreSQL is YOURS: ${at.hostname}${at.port === '' ? '' : `:${at.port}`}${at.pathname}`,
    config.stripe.secretKey === undefined
      ? 'Stripe is our simulator, spoken to over HTTP by the real stripe package.'
      : `Stripe is REAL, the test side of the account of ${config.stripe.secretKey.slice(0, 8)}…${config.stripe.apiBase ? ` at ${config.stripe.apiBase}` : ''}`,
  ];
}
