import { expect } from 'chai';
import { fakeKey } from '../support/sync.ts';
import { explainedPairs } from '../support/explained.ts';
import { useTwoWay } from '../support/two-way.ts';
import { runHere } from './in-process.ts';

describe('x', () => {
  const world = useTwoWay();
  for (const [name, make] of Object.entries(explainedPairs)) {
    it(name, async () => {
      const id = await make(world);
      const { rows } = await world.db.raw<{ rows: { n: string }[] }>('select current_database() as n');
      const url = new URL(world.db.client.config.connection.connectionString ?? '');
      console.log(rows, url.href);
      process.env['DATABASE_URL'] = url.href;
      process.env['STRIPE_SECRET_KEY'] = fakeKey;
      process.env['STRIPE_API_BASE'] = world.simulator.url;
      for (const extra of [[], ['--read']]) {
        const answer = await runHere('explain', 'customer', String(id), ...extra);
        console.log(answer.stdout, answer.stderr, answer.code);
      }
      expect(1).to.equal(1);
    });
  }
});
