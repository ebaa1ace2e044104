import { expect } from 'chai';
import { loadConfig } from '../../../lib/config/config.ts';
import { createKeyOperations } from '../../../lib/operations/keys.ts';
import { requireClosedApi } from '../../../lib/process/requirements.ts';
import { systemClock } from '../../../lib/clock.ts';
import { useDatabase } from '../../support/database.ts';

describe('an API that other machines can reach', () => {
  const database = useDatabase();

  async function refusal(env: Record<string, string>): Promise<string | null> {
    try {
      await requireClosedApi(loadConfig(env, { envFile: false }), database.db);
      return null;
    } catch (error) {
      return String(error);
    }
  }

  it('needs a key or a setting that allows none', async () => {
    expect(await refusal({ API_HOST: '0.0.0.0' }))
      .to.include('twinbox keys create')
      .and.include('API_KEYS')
      .and.include('API_INSECURE=yes');
    expect(await refusal({ API_HOST: '127.0.0.1.example.com' })).to.include('API_KEYS');
    expect(await refusal({ API_HOST: '0.0.0.0', API_INSECURE: 'yes' })).to.equal(null);
    expect(await refusal({ API_HOST: '0.0.0.0', API_KEYS: 'a'.repeat(16) })).to.equal(null);
    for (const API_HOST of ['localhost', '127.0.0.2', '::1'])
      expect(await refusal({ API_HOST })).to.equal(null);
  });

  it('may start with a key in the database alone', async () => {
    const keys = createKeyOperations({ db: database.db, clock: systemClock, keySecrets: [] });
    const wanted = { name: 'shop', scope: 'viewer', system: null, expiresAt: null } as const;
    await keys.create(wanted, { actor: 'a test', reason: null });
    expect(await refusal({ API_HOST: '0.0.0.0' })).to.equal(null);
  });
});
