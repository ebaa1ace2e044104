/** Changes of a webhook endpoint that a person can make in the dashboard, and the API cannot. */
import { seconds } from '../http/call.ts';
import type { Clock } from '../clock.ts';
import { newId, newSigningSecret } from '../objects/ids.ts';
import type { Endpoint } from '../objects/objects.ts';
import type { AccountState, Store } from '../store/store.ts';
import { putEndpoint } from '../webhooks/endpoints.ts';

/**
 * docs.stripe.com/webhooks#roll-endpoint-secrets: the old secret can be kept for up to 24 hours.
 */
const OLD_SECRET_MS = 24 * 3600 * 1000;

export type EndpointControl = ReturnType<typeof createEndpointControl>;

export function createEndpointControl(store: Store, clock: Clock, ownAccount: () => AccountState) {
  function change(id: string, edit: (endpoint: Endpoint) => Endpoint): Endpoint {
    const { account, row } = find(store, id);
    const after = edit(row.value);
    store.commit([putEndpoint(account.id, after, row.seq, clock.now())]);
    return after;
  }

  return {
    /**
     * An endpoint for every event at this address with this secret: the existing one, or a new one.
     */
    ensure({ url, secret }: { url: string; secret: string }): void {
      const account = ownAccount();
      const secrets = [{ secret, until: null }];
      const existing = account.endpoints.living.find((row) => row.value?.url === url)?.value;
      if (existing)
        return void change(existing.id, (endpoint) => ({ ...endpoint, secrets, status: 'enabled' }));
      const endpoint: Endpoint = {
        id: newId('we', 24),
        api_version: null,
        created: seconds(clock.now()),
        description: 'made at the start',
        enabled_events: ['*'],
        metadata: {},
        secrets,
        status: 'enabled',
        thin: false,
        url,
      };
      store.commit([putEndpoint(account.id, endpoint, account.nextSeq++, clock.now())]);
    },
    /** A new secret; the earlier ones sign too for this long, and each gives a `v1` of its own. */
    rollSecret(id: string, keepOldMs = OLD_SECRET_MS): string {
      const secret = newSigningSecret();
      const until = clock.now() + keepOldMs;
      change(id, (endpoint) => ({
        ...endpoint,
        secrets: [
          { secret, until: null },
          ...endpoint.secrets.map((old) => ({ ...old, until: Math.min(old.until ?? Infinity, until) })),
        ],
      }));
      return secret;
    },
    /** Whether the endpoint is sent thin events instead of snapshots. */
    setThin: (id: string, thin: boolean): void => void change(id, (endpoint) => ({ ...endpoint, thin })),
  };
}

function find(store: Store, id: string): { account: AccountState; row: { value: Endpoint; seq: number } } {
  for (const account of store.state.accounts.values()) {
    const row = account.endpoints.get(id);
    if (row?.value) return { account, row: { value: row.value, seq: row.seq } };
  }
  throw new Error(`No such webhook endpoint: '${id}'`);
}
