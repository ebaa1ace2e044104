import { Agent, request } from 'node:http';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { bind, countRows, freshEvent, signed, startIntake, type Intake } from './webhook-source.ts';

/**
 * Several seconds of 2,000 webhooks a second, where the machine can; no assertion depends on a
 * clock.
 */
const FORGED = 10_000;
const IN_FLIGHT = 64;
/** One genuine webhook beside so many forged ones: 20 a second beside 2,000. */
const EACH = 100;

describe('a flood of forged webhooks', () => {
  const database = useDatabase();
  let intake: Intake;
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * IN_FLIGHT });
  before(async () => {
    await bind(database.db);
    intake = await startIntake(database.db);
  });
  after(async () => {
    agent.destroy();
    await intake.close();
  });

  /** The status, and the answer as text. */
  function send(body: string, header: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { 'stripe-signature': header, 'content-type': 'application/json' };
      const url = intake.api.server.url + intake.path;
      const call = request(url, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      call.once('error', reject);
      call.end(body);
    });
  }

  it('delays no genuine webhook, leaves no row, and uses no memory', async () => {
    const forged = JSON.stringify(freshEvent());
    const header = signed(forged, 'whsec_of_somebody');
    const flood = async (count: number, each: (sent: number) => void): Promise<Set<number>> => {
      const statuses = new Set<number>();
      let sent = 0;
      const one = async (): Promise<void> => {
        while (sent < count) {
          sent += 1;
          each(sent);
          statuses.add((await send(forged, header)).status);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, one));
      return statuses;
    };
    // Code that runs for the first time takes memory once.
    await flood(1_000, () => undefined);
    intake.api.lines.length = 0;
    const rows = await countRows(database.db);
    const memory = process.memoryUsage.rss();

    let over = false;
    const honest: Promise<{ status: number; text: string; during: boolean }>[] = [];
    const statuses = await flood(FORGED, (sent) => {
      // The last tenth of the flood gives the answers to the earlier ones time to arrive.
      if (sent % EACH !== 0 || sent > FORGED * 0.9) return;
      intake.api.lines.length = 0; // the test's own record of the log is not what is measured
      const body = JSON.stringify(freshEvent());
      honest.push(send(body, signed(body)).then((answer) => ({ ...answer, during: !over })));
    });
    over = true;
    const answers = await Promise.all(honest);

    expect([...statuses]).to.deep.equal([400]);
    expect(answers).to.have.length((FORGED * 0.9) / EACH);
    expect(answers.filter(({ status, text }) => status !== 200 || !text.includes('"stored"'))).to.deep.equal(
      [],
    );
    expect(answers.filter(({ during }) => !during)).to.deep.equal([]);
    // Two rows for each genuine webhook: the event, and its id.
    expect(await countRows(database.db)).to.equal(rows + 2 * answers.length);
    expect(process.memoryUsage.rss() - memory).to.be.lessThan(100 * 1024 ** 2);
  });
});
