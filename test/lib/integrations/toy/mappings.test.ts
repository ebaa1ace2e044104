import { expect } from 'chai';
import { parseConfig, readConfig, type Catalogue } from '../../../../lib/catalogue/catalogue.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { startToy, type ToyServer } from '../../../support/toy/double/server.ts';
import { toy } from '../../../support/toy/system/definition.ts';
import { documentOf, toyMappings } from '../../../support/toy/system/mappings.ts';

const entities = {
  customer: { fields: { phone: { type: 'text' }, seats: { type: 'integer' }, news: { type: 'boolean' } } },
};
const rules = [
  { internal: 'phone', external: 'phone' },
  { internal: 'seats', external: 'points' },
  { internal: 'news', external: 'newsletter' },
];

describe('the fields of Toy that a configuration maps', () => {
  let double: ToyServer;
  let catalogue: Catalogue;
  let integration: Integration;
  before('start its double', async () => {
    double = await startToy();
    catalogue = parseConfig(withRules(...rules), { toy: toyMappings });
    integration = await toy.standInAt(double.url, catalogue).integrate('anywhere');
  });
  after('stop it', () => double.close());

  it('are written, read and reported with values of their own forms', async () => {
    const names = documentOf(catalogue).fields.map(({ external }) => external);
    expect(names).to.deep.equal(['full_name', 'mail', 'phone', 'points', 'newsletter']);
    const fields = { full_name: 'Ada', mail: 'ada@x.example', phone: '1', points: 7, newsletter: false };
    const body = integration.body({ ...fields, points: '7' }, 'of-ada');
    const written = await integration.write({ operation: 'create', key: 'one', externalId: null, body });
    const found = await integration.fetch(written.externalId);
    expect(found.state === 'present' && found.record.fields).to.deep.equal(fields);
    double.edit(written.externalId, { points: 8, newsletter: true });
    const { ingress } = await toy.intake('anywhere', catalogue);
    const [, edit] = ingress.events({ events: double.events() });
    const event = edit?.ok === true ? edit.event : undefined;
    expect(event?.previous).to.deep.equal({ points: 7, newsletter: false });
    expect(event?.after).to.include({ points: 8, newsletter: true });
  });

  it('are unreadable where a value is of another form, and never taken for no value', async () => {
    double.add({ full_name: 'Bea' });
    const bea = double.events().at(-1);
    const { ingress } = await toy.intake('anywhere', catalogue);
    const [item] = ingress.events({
      events: [{ ...bea, person: { ...bea?.person, points: '9', newsletter: 1 } }],
    });
    const event = item?.ok === true ? item.event : undefined;
    expect(event?.after).to.equal(null);
    expect(event?.unreadable).to.deep.equal(['after.points', 'after.newsletter']);
  });

  it('are refused at the start where Toy lacks them, or cannot hold what is ours', () => {
    const problems = (...given: object[]): readonly string[] =>
      readConfig(withRules(...given), { toy: toyMappings }).problems;
    expect(problems({ internal: 'phone', external: 'fone' })[0]).to.include(
      'a person at Toy has no field "fone"',
    );
    expect(problems({ internal: 'phone', external: 'points' })[0]).to.include(
      'points is a number at Toy, and phone is of type text here',
    );
    expect(problems({ internal: 'phone', external: 'phone', maxLength: 41 })[0]).to.include(
      'Toy takes phone up to 40 characters, not 41',
    );
    expect(problems(...rules)).to.deep.equal([]);
  });
});

function withRules(...fields: object[]): object {
  return { entities, systems: { toy: { customer: { fields } } } };
}
