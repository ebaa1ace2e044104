import { expect } from 'chai';
import { createOutput } from '../../cli/output.ts';
import { runCli } from '../../cli/run.ts';
import { topLines } from '../../cli/top-report.ts';
import { useDatabase } from '../support/database.ts';
import { inEnvironment } from '../support/environment.ts';
import { runHere } from './in-process.ts';

type Lane = { system: string; state: string; on_their_way: number; calls_last_minute: { calls: number } };

describe('twinbox top', () => {
  const database = useDatabase();
  const here = <T>(work: () => Promise<T>) => inEnvironment({ DATABASE_URL: database.url }, work);

  it('prints one picture without a terminal, for people and as JSON', async () => {
    const { code, stdout } = await here(() => runHere('top', '--json'));
    expect(code).to.equal(0);
    const { lanes } = JSON.parse(stdout) as { lanes: Lane[] };
    expect(lanes).to.have.length(1);
    expect(lanes[0]).to.deep.include({ system: 'stripe', state: 'unbound', on_their_way: 0 });
    await database.db.raw(
      `insert into connections (system, account, livemode, bound_at, paused_at, paused_why)
       values ('stripe', 'acct_1', false, now(), now(), 'prices until five')
       on conflict (system) do update set account = 'acct_1', livemode = false, bound_at = now(), paused_at = now(),
         paused_why = 'prices until five'`,
    );
    const { stdout: text } = await here(() => runHere('top', '--once'));
    expect(text).to.match(/stripe +paused since .*\(prices until five\)/);
    expect(text).to.match(/relay 0 s behind/);
  });

  it('says one event as one', () => {
    const lines = topLines({
      ...{ at: new Date(), lanes: [], relaySecondsBehind: 0, inbound: { received: 1, settled: 0 } },
      notReceived: { events: 1, more: false, oldest: null },
    });
    expect(lines.join('\n')).to.include('into our table: 1 event in').and.to.include('1 waits for a worker');
  });

  it('draws again and again on a terminal, until the terminal is closed', async () => {
    const drawn: string[] = [];
    let close: (error: NodeJS.ErrnoException) => void = () => undefined;
    const terminal = {
      isTTY: true,
      on: (_event: 'error', listener: typeof close) => (close = listener),
      write(text: string) {
        drawn.push(text);
        if (drawn.length === 2) close(Object.assign(new Error('closed'), { code: 'EIO' }));
      },
    };
    const output = createOutput(terminal, { write: () => undefined, on: () => undefined });
    expect(await here(() => runCli(['top', '--every', '0.2'], output))).to.equal(0);
    expect(drawn).to.have.length(2);
    for (const picture of drawn) expect(picture).to.match(/^\u001b\[H\u001b\[2J\d{4}-/);
  });
});
