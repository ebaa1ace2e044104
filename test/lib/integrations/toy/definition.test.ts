import { expect } from 'chai';
import { builtIn } from '../../../../lib/catalogue/catalogue.ts';
import { loadConfig } from '../../../../lib/config/config.ts';
import { toyAt } from '../../../support/toy/double/definition.ts';
import { startToy, type ToyServer } from '../../../support/toy/double/server.ts';

const config = loadConfig({}, { envFile: false });

describe('the definition of Toy', () => {
  let double: ToyServer;
  before('start its double', async () => {
    double = await startToy();
  });
  after('stop it', () => double.close());

  it('is kept in step once its address and token are set', () => {
    expect(toyAt(null).isEnabled(config)).to.equal(false);
    expect(toyAt(null).findAccess(config)).to.equal(null);
    expect(toyAt(double.url).isEnabled(config)).to.equal(true);
    expect(toyAt(double.url).findAccess(config)).to.include({ standIn: null });
  });

  it('takes any address that is not of this machine for an account of real people', () => {
    expect(toyAt(double.url).isLive(config)).to.equal(false);
    expect(toyAt('https://api.toy.example').isLive(config)).to.equal(true);
    expect(toyAt('http://127.0.0.1.toy.example').isLive(config)).to.equal(true);
  });

  it('reaches Toy, and shows doctor what its credential may do', async () => {
    const access = toyAt(double.url).findAccess(config);
    const integration = await access?.integrate('anywhere');
    expect(await integration?.identify()).to.have.property('account');
    const examined = await access?.examine({ secrets: 1, running: false });
    expect(examined?.rights.map(({ level }) => level)).to.deep.equal(['ok']);
    expect(examined?.mayIdentify).to.equal(true);
    expect(examined?.clock?.theirs).to.be.instanceOf(Date);
    expect(examined?.webhooks).to.deep.equal([]);
  });

  it('tells doctor that the credential is refused, and that no webhook can be received', async () => {
    const access = toyAt(double.url, { token: 'revoked' }).findAccess(config);
    const examined = await access?.examine({ secrets: 0, running: false });
    expect(new Set(examined?.rights.map(({ level }) => level))).to.deep.equal(new Set(['problem']));
    expect(examined?.mayIdentify).to.equal(false);
    expect(examined?.webhooks.map(({ level }) => level)).to.deep.equal(['warning']);
  });

  it('receives its events without a call', async () => {
    const { ingress } = await toyAt(double.url).intake('anywhere', builtIn);
    expect(ingress?.events({ events: [{ id: 'ev_1', type: 'person.made' }, 7] })).to.have.lengthOf(2);
    expect(toyAt(double.url).webhookSecrets(config)).to.have.lengthOf(1);
  });
});
