import { expect } from 'chai';
import { createCursor } from '../../db/relay/identity.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

/**
 * All commands open the database in one place; these represent the ones that write, compare, decide
 * and run.
 */
const REFUSE = [['import', '-'], ['verify'], ['resolve', '1', '--recreate', '--yes'], ['up']];

describe('commands on a database that was used at another address', function () {
  this.timeout(180_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  before('a cursor that was made elsewhere', () => createCursor(database.db, 'elsewhere'));

  for (const args of REFUSE)
    it(`twinbox ${args[0]} refuses as twinbox up does, and changes nothing`, async () => {
      const { code, stdout, stderr } = await place.run(args, { input: 'name,email\nAda,ada@example.com\n' });
      expect(stderr + stdout)
        .to.match(/another address than before.*--after-restore move.*--after-restore copy/s)
        .and.not.include('a fault of Twinbox');
      expect(code).to.equal(69);
      const { rows } = await database.db.raw<{ rows: { count: number }[] }>('select count(*) from customers');
      expect(rows[0]?.count).to.equal(0);
    });

  it('twinbox status says so first, and twinbox doctor reports it as a problem', async () => {
    const status = await place.run(['status']);
    expect(status.stdout + status.stderr).to.match(/database: .*another address.*--after-restore move/);
    expect(status.code).to.equal(0);
    const doctor = await place.run(['doctor']);
    expect(doctor.stdout).to.match(/identity .*another address[^\n]*\n *→ .*--after-restore move/);
    expect(doctor.code).to.equal(1);
  });

  it('all continue once a person has said that the database was moved, also by another name of this machine', async () => {
    expect(await place.run(['relay', '--after-restore', 'move'])).to.include({ code: 0 });
    const verified = await place.run(['verify']);
    expect(verified.code, verified.stderr).to.be.oneOf([0, 2]);
    expect(verified.stderr).not.to.include('another address');
    const otherName = { DATABASE_URL: database.url.replace('127.0.0.1', 'localhost') };
    const doctor = await place.run(['doctor'], { env: otherName });
    expect(doctor.stdout).to.match(/ok +identity/);
  });
});

describe('two databases that share a data folder', function () {
  this.timeout(180_000);
  const first = useDatabase();
  const second = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: first.url }));

  it('status of one database does not take the process of the other for its own, and says where that one works', async () => {
    const up = await place.up();
    const own = JSON.parse((await place.run(['status', '--json'])).stdout) as { running: { pid: number } };
    expect(own.running.pid).to.equal(up.pid);
    const env = { DATABASE_URL: second.url };
    const other = await place.run(['status', '--json'], { env });
    expect(JSON.parse(other.stdout)).to.deep.include({
      running: null,
      running_on_other_database: {
        pid: up.pid,
        database: new URL(first.url).host + new URL(first.url).pathname,
      },
    });
    const { stdout } = await place.run(['status'], { env });
    expect(stdout).to.match(/folder +process \d+ runs on this data folder with another database: /);
    expect(stdout).to.match(/process +none/);
  });
});
