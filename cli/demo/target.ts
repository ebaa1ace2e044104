import { relative } from 'node:path';
import type { Config } from '../../lib/config/config.ts';

/** The database and the Stripe that the demo will use, in lines for a person. */
export function describeTarget(config: Config): string[] {
  const { url } = config.database;
  const place = relative('.', config.dataDir) || '.';
  const at = url === undefined ? null : new URL(url);
  return [
    at === null
      ? `PostgreSQL is a real server, started by Twinbox in ${place} (emptied at each start; no other data is changed).`
      : `PostgreSQL is YOURS: ${at.hostname}${at.port === '' ? '' : `:${at.port}`}${at.pathname}`,
    config.stripe.secretKey === undefined
      ? 'Stripe is Twinbox’s simulator, called over HTTP by the real stripe package.'
      : `Stripe is REAL, in test mode, with the key ${config.stripe.secretKey.slice(0, 8)}…${config.stripe.apiBase ? ` at ${config.stripe.apiBase}` : ''}`,
  ];
}
