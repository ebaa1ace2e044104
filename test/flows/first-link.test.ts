import { expect } from 'chai';
import { usePlace } from '../cli/twinbox.ts';
import { expectLinked, fillCatalogues, linkThem, settingsOf, type Catalogues } from './first-link.ts';

const SIZE = 100;

describe('two catalogues that were both filled before the first link', function () {
  this.timeout(120_000);
  let both: Catalogues;
  const place = usePlace(() => settingsOf(both));

  before('fill them', async () => {
    both = await fillCatalogues(SIZE);
  });
  after('remove them', () => both.end());

  it('are shown before anything is done: the pairs, the differences, and what would be created', async () => {
    expect((await place.run(['migrate'])).code).to.equal(0);
    const { code, stdout, stderr } = await place.run(['link', '--dry-run']);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/90 {2}pairs by their email/);
    expect(stdout).to.match(/10 {2} {2}name is empty at Stripe, and is filled from our table/);
    expect(stdout).to.match(/10 {2} {2}name differs: ours stays, the other value is kept in a conflict/);
    expect(stdout).to.match(/10 {2}customers have no record at Stripe: one is created for each/);
    expect(stdout).to.match(/10 {2}records have no customer in our table: one is created for each/);
    expect(stdout).to.match(/2 {2}second records of a customer/);
    expect(stderr)
      .to.match(/about 2\d\d calls to Stripe/)
      .and.include('Nothing was changed');
    const json = await place.run(['link', '--dry-run', '--json']);
    expect((JSON.parse(json.stdout) as { pairs: object[] }).pairs).to.have.length(90);
    expect(both.simulator.ledger.entries({ source: 'api', method: 'POST' })).to.deep.equal([]);
    const waiting = await place.run(['link']);
    expect(waiting.stderr).to.include('100 customers wait for the first link');
    expect(waiting.code).to.equal(0);
    const listed = await place.run(['link', '--json']);
    expect(listed.code).to.equal(0);
    expect(JSON.parse(listed.stdout)).to.include({ matched: 0, not_linked: 100 });
  });

  it('stay unchanged, and no error is blamed on Twinbox, where Stripe stops answering', async () => {
    for (const [path, args] of [
      ['/v1/customers', ['link', '--all', '--yes']],
      ['/v1/account', ['connect', 'stripe']],
    ] as const) {
      both.simulator.faults.add({ kind: 'error_before_effect', method: 'GET', path, times: null });
      const { code, stderr } = await place.run([...args]);
      both.simulator.faults.clear();
      expect(code, stderr).to.equal(2);
      expect(stderr).to.match(/No result: stripe stopped answering/);
    }
  });

  it('are linked during live edits on both sides, killed and resumed, and agree', async () => {
    const { kills } = await linkThem(both, place, { killAt: [0.3], edits: 40 });
    expect(kills).to.equal(1);
    await expectLinked(both, place);
    expect((await place.run(['link', '--all', '--yes'])).code).to.equal(3);
  });

  it('keep the columns of other programs and their values', async () => {
    const { rows } = await both.db.raw<{ rows: { plan: string | null; count: number }[] }>(
      `select plan, count(*) from customers group by 1 order by 1`,
    );
    expect(rows).to.deep.equal([
      { plan: 'gold', count: 100 },
      { plan: null, count: 10 },
    ]);
  });
});
