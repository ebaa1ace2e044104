import { expect } from 'chai';
import fc from 'fast-check';
import { useDatabase } from '../support/database.ts';
import { startApi, type Answer } from './start-api.ts';

const customers = '/api/v1/customers';

/** One request of a history; `together`: it is sent while the one before it is in flight. */
type Move = { method: 'POST' | 'PATCH' | 'DELETE'; key: number | null; value: number; together: boolean };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    method: fc.constantFrom('POST', 'PATCH', 'PATCH', 'DELETE'),
    key: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 4 }),
    value: fc.integer({ min: 0, max: 1 }),
    together: fc.boolean(),
  }),
  { minLength: 4, maxLength: 14 },
);

describe('any sequence of repeats, at two processes and at the same moment', () => {
  const database = useDatabase({ poolSize: 20 });
  let apis: Awaited<ReturnType<typeof startApi>>[] = [];
  let histories = 0;

  before(async () => {
    apis = [await startApi({ db: database.db }), await startApi({ db: database.db })];
  });
  after(() => Promise.all(apis.map((api) => api.server.close())));

  async function play(history: readonly Move[]): Promise<[Move, Answer][]> {
    const number = (histories += 1);
    const started = await apis[0]?.send('POST', customers, { body: customer(`${number}-first`) });
    const path = started?.headers.get('Location') ?? '';
    const answers: [Move, Answer][] = [];
    for (let at = 0; at < history.length;) {
      let end = at + 1;
      while (history[end]?.together === true) end += 1;
      const group = history.slice(at, end).map(async (move, n): Promise<[Move, Answer]> => {
        const body =
          move.method === 'POST' ? customer(`${number}-${move.value}`) : { name: `Name ${move.value}` };
        const headers = move.key === null ? {} : { 'Idempotency-Key': `history-${number}-${move.key}` };
        const to = move.method === 'POST' ? customers : path;
        const api = apis[n % 2] ?? apis[0];
        if (!api) throw new Error('no API runs');
        return [
          move,
          await api.send(move.method, to, { headers, ...(move.method !== 'DELETE' && { body }) }),
        ];
      });
      answers.push(...(await Promise.all(group)));
      at = end;
    }
    return answers;
  }

  const customer = (name: string) => ({ name, email: `${name}@histories.example` });
  const isReplayed = ({ headers }: Answer): boolean => headers.has('Idempotent-Replayed');

  it('makes the effect of each key once, gives each repeat the same answer, and makes no event without an answer', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(moves, async (history) => {
        const from = await newestEvent();
        const answers = await play(history);
        const made = answers.filter(([, answer]) => answer.status < 300 && !isReplayed(answer));
        const effects = new Set<string>();
        for (const [{ method, key }, answer] of answers) {
          seen.add(`${answer.status}${isReplayed(answer) ? ' replayed' : ''}`);
          expect(answer.status, answer.text).to.be.lessThan(500);
          if (answer.status >= 300) continue;
          const same = made.filter(([move]) => key !== null && move.key === key && move.method === method);
          if (key !== null) expect(same.map(([, { text }]) => text)).to.deep.equal([answer.text]);
          if (!isReplayed(answer))
            effects.add(method === 'DELETE' ? 'deleted' : answer.text.replace(/,"external_mappings".*/, ''));
        }
        // Besides the customer with which the history begins.
        const events = (await newestEvent()) - from - 1;
        const unchanged = made.filter(
          ([{ method }, { json }]) => method === 'PATCH' && json.version === 1,
        ).length;
        expect(events).to.equal(effects.size - Math.min(unchanged, 1));
      }),
      { numRuns: 60 },
    );
    const expected = [
      '200',
      '200 replayed',
      '201',
      '201 replayed',
      '204',
      '204 replayed',
      '404',
      '409',
      '422',
    ];
    expect([...seen].sort()).to.include.members(expected);
  }).timeout(60_000);

  async function newestEvent(): Promise<number> {
    const [row] = await database.db('sync_events').count({ n: '*' });
    return Number(row?.n);
  }
});
