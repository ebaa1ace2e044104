import { expect } from 'chai';
import { ignoreConnectionSettings, loadConfig } from '../../../lib/config/config.ts';
import { settingPrefix, settingsOfSystems } from '../../../lib/config/systems.ts';
import { createRegistry, labelOf, systems } from '../../../lib/integrations/registry.ts';
import { requireSystems } from '../../../lib/process/requirements.ts';
import { toyAt } from '../../support/toy/double/definition.ts';

const config = loadConfig({ SIMULATOR_URL: 'http://127.0.0.1:9' }, { envFile: false });

describe('the list of systems', () => {
  it('gives a definition by its name, and answers a wrong name with those that there are', () => {
    const stripe = systems.get('stripe');
    const both = createRegistry([stripe, toyAt(null)]);
    expect(both.get('toy').label).to.equal('Toy');
    expect(() => both.get('tow')).to.throw('there is no system "tow"; there are: stripe, toy');
    expect(() => createRegistry([stripe]).get('tow')).to.throw('there is no system "tow"; there is: stripe');
  });

  it('has names under which rows and topics can hold them, each with a mapping document of its own', () => {
    for (const system of systems.all) {
      expect(system.name).to.match(/^[a-z][a-z0-9_]*$/);
      expect(system.document(config.catalogue)).to.include({
        system: system.name,
        externalType: system.externalType,
      });
    }
  });

  it('finds no account of theirs where the tests leave connections out, whatever is set', () => {
    for (const [system, properties] of Object.entries(settingsOfSystems)) {
      const names = Object.keys(properties);
      expect(names.filter((name) => !name.startsWith(settingPrefix(system)))).to.deep.equal([]);
      const env = Object.fromEntries(names.map((name) => [name, 'x']));
      expect(ignoreConnectionSettings(env)).to.deep.equal({});
    }
  });

  it('names what is missing of a system that is kept in step, and asks nothing of one that is not', () => {
    const missing = createRegistry([...systems.all, toyAt(null, { token: 'of-toy' })]);
    expect(() => requireSystems(config, 'worker', missing)).to.throw('TOY_URL and TOY_TOKEN: where Toy is');
    const disabled = createRegistry([...systems.all, toyAt(null)]);
    expect(requireSystems(config, 'worker', disabled).map(({ system }) => system.name)).to.deep.equal([
      'stripe',
    ]);
  });

  it('lets a deletion at the owner count for our table, and asks about one at any other system', () => {
    const toy = toyAt('http://127.0.0.1:9');
    const both = createRegistry([...systems.all, toy]);
    const stripe = systems.get('stripe');
    const of = (registry: typeof both, env: Record<string, string>) => {
      const given = loadConfig({ SIMULATOR_URL: 'http://127.0.0.1:9', ...env }, { envFile: false });
      return registry.enabled(given).map((system) => registry.inboundDeletes(given, system));
    };
    expect(of(systems, {}), 'the only system').to.deep.equal(['delete']);
    expect(of(systems, { STRIPE_DELETES_IN: 'ask' })).to.deep.equal(['ask']);
    expect(of(both, {}), 'no owner').to.deep.equal(['ask', 'ask']);
    expect(of(both, { TWINBOX_OWNER: 'toy' })).to.deep.equal(['ask', 'delete']);
    expect(of(both, { TWINBOX_OWNER: 'stripe' })).to.deep.equal(['delete', 'ask']);
    expect(of(both, { TWINBOX_OWNER: 'stripe', STRIPE_DELETES_IN: 'detach' })).to.deep.equal([
      'detach',
      'ask',
    ]);
    const disabled = createRegistry([stripe, toyAt(null)]);
    expect(of(disabled, {}), 'the only one that is enabled').to.deep.equal(['delete']);
    expect(() => of(systems, { TWINBOX_OWNER: 'toy' })).to.throw(
      'TWINBOX_OWNER is toy, and no system of this name is kept in step; there is: stripe',
    );
  });

  it('calls a system by its own name, and one that is gone by what rows say', () => {
    expect(labelOf('stripe')).to.equal('Stripe');
    expect(labelOf('toy')).to.equal('Toy');
  });
});
