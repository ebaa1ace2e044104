import { expect } from 'chai';
import { saveRoleSigns, type Alike } from '../../../db/health/role-signs.ts';
import { compareAtStart } from '../../../lib/health/alike.ts';
import { parseConfig } from '../../../lib/catalogue/catalogue.ts';
import type { UserConfig as Config, UserRule } from '../../../lib/catalogue/define-config.ts';
import { catalogueHash } from '../../../lib/config/catalogue-hash.ts';
import { systems } from '../../../lib/integrations/registry.ts';
import { mappingsOf } from '../../../lib/process/load-config.ts';
import { loadConfig } from '../../../lib/config/config.ts';
import { rolesPart } from '../../../lib/health/roles.ts';
import { useSync } from '../../support/sync.ts';

describe('settings that have to be the same in every process', () => {
  const world = useSync();
  beforeEach('no role has ever run', () => world.db('role_signs').delete());

  const settingsOf = (env: Record<string, string> = {}) => loadConfig(env, { envFile: false }).alike;
  const sign = (role: 'api' | 'relay' | 'worker', name: string, settings: Alike | null) =>
    saveRoleSigns(world.db, `host:${name}:x`, [{ role, state: null, problem: null, settings }]);
  const warnings = async () =>
    (await rolesPart(world.db, world.clock, { owner: null, systems: ['stripe'] })()).warnings ?? [];
  async function startLines(name: string): Promise<[string, Record<string, unknown>][]> {
    const lines: [string, Record<string, unknown>][] = [];
    const note = (event: string, fields: Record<string, unknown>): void => void lines.push([event, fields]);
    await compareAtStart(world.db, `host:${name}:x`, { info: note, warn: note });
    return lines;
  }

  it('are those that change what a process does, and no secret', () => {
    expect(Object.keys(settingsOf().worker)).to.include.members([
      ...['STRIPE_WRITES', 'STRIPE_PULLS', 'STRIPE_IMPORT', 'STRIPE_DELETE_POLICY', 'STRIPE_LINK_BY_EMAIL'],
      ...[
        'STRIPE_DELETES_IN',
        'TWINBOX_OWNER',
        'STRIPE_LOOK_BEFORE_CREATE',
        'TWINBOX_ENV',
        'TWINBOX_PARK_AFTER_HOURS',
        'KAFKA_TOPIC_PREFIX',
      ],
    ]);
    const secret = settingsOf({ STRIPE_SECRET_KEY: 'sk_test_abcdefghijklmnopqrstuvwx' });
    expect(secret).to.deep.equal(settingsOf());
  });

  it('are reported by readiness and status where they differ: setting, values and processes', async () => {
    await sign('worker', '1', settingsOf().worker);
    await sign('worker', '2', settingsOf({ STRIPE_PULLS: 'off' }).worker);
    await sign('worker', '3', null);
    await sign('relay', '4', settingsOf().relay);
    expect((await warnings()).filter((text) => text.includes('STRIPE'))).to.deep.equal([
      'STRIPE_PULLS is on in worker host:1, and off in worker host:2: the setting must be the same in all of them; restart the processes with the wrong value',
    ]);
    await sign('relay', '4', settingsOf({ KAFKA_TOPIC_PREFIX: 'crm.' }).relay);
    expect((await warnings()).join('\n')).to.include(
      'KAFKA_TOPIC_PREFIX is crm. in relay host:4, and not set in worker',
    );
  });

  it('are compared at a start: with the living processes, or else with the last one', async () => {
    await sign('worker', '1', settingsOf({ STRIPE_WRITES: 'off' }).worker);
    await sign('worker', '2', settingsOf().worker);
    const [[event, fields] = ['', {}], ...others] = await startLines('2');
    expect(others).to.deep.equal([]);
    expect([event, fields]).to.deep.equal([
      'settings.differ',
      {
        ...{ setting: 'STRIPE_WRITES', here: 'on', there: 'off', other: 'worker host:1' },
        why: 'the setting must be the same in all of them: restart the process with the wrong value',
      },
    ]);
    await world.db('role_signs').where({ owner: 'host:1:x' }).update({ stopped_at: new Date() });
    expect(await startLines('2')).to.deep.equal([
      ['settings.changed', { setting: 'STRIPE_WRITES', from: 'off', to: 'on', before: 'worker host:1' }],
    ]);
  });

  describe('the configuration of entities and mappings', () => {
    const lowered = (text: string): string => text.toLowerCase();
    const rules = (rule: Partial<UserRule>, change = lowered): Config => ({
      entities: { customer: { fields: { phone: { type: 'text' }, plan: { type: 'text' } } } },
      systems: { stripe: { customer: { fields: [{ internal: 'phone', external: 'phone', ...rule }] } } },
      transforms: { digits: { toExternal: change, toInternal: change } },
    });
    const hash = (config: Config): string => catalogueHash(parseConfig(config, mappingsOf(systems)));

    it('is compared like a setting, of API and workers', async () => {
      const { configuration } = settingsOf().worker;
      expect(configuration).to.match(/^[0-9a-f]{12}$/);
      await sign('worker', '1', settingsOf().worker);
      await sign('api', '2', { configuration: '0123456789ab' });
      await sign('relay', '3', settingsOf().relay);
      expect((await warnings()).filter((text) => text.includes('configuration'))).to.deep.equal([
        `configuration is 0123456789ab in api host:2, and ${configuration} in worker host:1: the setting must be the same in all of them; restart the processes with the wrong value`,
      ]);
      expect(await startLines('2')).to.deep.include([
        'settings.differ',
        {
          ...{ setting: 'configuration', here: '0123456789ab', there: configuration, other: 'worker host:1' },
          why: 'the setting must be the same in all of them: restart the process with the wrong value',
        },
      ]);
    });

    it('is another one by a condition, a direction, a rule, an owner or the text of a transform', () => {
      const all = [
        hash(rules({})),
        hash(rules({ direction: 'push' })),
        hash(rules({ toExternal: ['digits'] })),
        hash(rules({}, (text) => text.toUpperCase())),
        hash({
          ...rules({}),
          systems: {
            stripe: {
              customer: {
                ...rules({}).systems?.['stripe']?.['customer'],
                when: { field: 'plan', is: 'team' },
              },
            },
          },
        }),
      ];
      expect(new Set(all).size).to.equal(all.length);
      expect(hash(rules({ direction: 'both' }))).to.equal(hash(rules({})));
    });

    it('is the same whatever the order of its keys', () => {
      const { entities, systems: mapped, transforms } = rules({});
      expect(hash({ transforms, systems: mapped, entities } as Config)).to.equal(hash(rules({})));
    });
  });
});
