import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitUntil } from '../support/signal.ts';
import { call, noLimits, usePlace } from './twinbox.ts';

type Effects = { created: number; living: number; repeated: unknown[] };

describe('kill -9 during an import', () => {
  const place = usePlace();
  const ROWS = 60;

  it('loses nothing and makes nothing twice', async () => {
    const file = join(place.folder, 'many.csv');
    const rows = Array.from({ length: ROWS }, (_, at) => `Customer ${at},c${at}@example.com`);
    await writeFile(file, ['name,email', ...rows].join('\n'));
    const first = await place.up();
    await noLimits(first);
    const importing = place.run(['import', file]);
    const effects = (of: { simulator: string }) =>
      call<Effects>('GET', `${of.simulator}/_sim/ledger/effects`);
    await waitUntil(async () => (await effects(first)).created >= 5, {
      timeoutMs: 20_000,
      what: 'some are at Stripe',
    });
    first.process.kill('SIGKILL');
    await first.exited;

    // The import writes to the database itself and goes on.
    expect((await importing).stdout).to.equal(
      `${ROWS} rows: ${ROWS} created, 0 skipped (already in the table)\n`,
    );
    const second = await place.up();
    await noLimits(second);
    const verified = await place.run(['verify', '--wait', '40']);
    expect(verified).to.include({ code: 0, stdout: `${ROWS} customers agree, 0 drift\n` });
    expect(await effects(second))
      .to.include({ created: ROWS, living: ROWS })
      .and.deep.include({ repeated: [] });

    second.process.kill('SIGTERM');
    expect(await second.exited).to.equal(0);
  });
});
