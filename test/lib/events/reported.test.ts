import { expect } from 'chai';
import { parseEnvelope, parseReported } from '../../../lib/events/parse.ts';
import { at, eventId } from './event-row.ts';

const whole = {
  id: 'cus_1',
  kind: 'updated',
  account: 'acct_1',
  system: 'stripe',
  event: 'evt_1',
  created: at.toISOString(),
  livemode: false,
  request_id: 'req_1',
  idempotency_key: null,
  after: { name: 'Ada', email: null },
  previous: { name: 'Bo' },
  mark: eventId,
  unreadable: ['after.phone'],
};

function onTheBus(external: unknown) {
  return parseEnvelope(
    JSON.stringify({
      ...{ schema_version: 1, event_id: eventId, event_type: 'stripe.customer.updated', version: null },
      ...{ timestamp: at.toISOString(), source: 'stripe', external },
    }),
  );
}

/** Both entries: an event as an integration or our table has it, and one in an envelope on the bus. */
function problemsOf(external: unknown): { alone: string[]; onTheBus: string[] } {
  const alone = parseReported(external);
  const parsed = onTheBus(external);
  return {
    alone: alone.ok ? [] : alone.problems,
    onTheBus: parsed.kind === 'invalid' ? parsed.problems : [],
  };
}

describe('an event of an external system, where it enters', () => {
  const taken: [string, object][] = [
    ['whole', whole],
    ['with nothing but record, kind and account, as older writers left out what they did not know', oldest()],
    ['with fields that the schema does not name', { ...whole, more: { deep: [1] }, thin: true }],
    [
      'with values of any type',
      { ...whole, after: { name: 1, email: [{ at: 'x' }] }, previous: { name: true } },
    ],
    ['without values', { ...whole, after: null, previous: null, mark: null, created: null }],
  ];
  for (const [how, external] of taken)
    it(`is taken ${how}`, () => {
      expect(problemsOf(external)).to.deep.equal({ alone: [], onTheBus: [] });
    });

  const wrong: Record<keyof typeof whole, unknown[]> = {
    id: [7, null, '', {}],
    kind: ['wobbled', 'other', null, 1],
    account: [null, 7, ['acct_1']],
    system: [null, 1],
    event: [null, 1],
    created: ['yesterday', 1_700_000_000],
    livemode: ['true', 0],
    request_id: [1, {}],
    idempotency_key: [1, ['key']],
    after: ['Ada', [], 7],
    previous: [true, []],
    mark: [1, {}],
    unreadable: [null, 'after.name', [1]],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      it(`is refused with ${JSON.stringify(value)} as its ${field}, by the name of the field`, () => {
        const { alone, onTheBus: inEnvelope } = problemsOf({ ...whole, [field]: value });
        expect(alone.join()).to.match(new RegExp(`^/${field}\\b`));
        expect(inEnvelope.join()).to.match(new RegExp(`^/external/${field}\\b`));
      });

  for (const field of ['id', 'kind', 'account'] as const)
    it(`is refused without its ${field}`, () => {
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field));
      expect(problemsOf(rest)).to.deep.equal({
        alone: [`/ must have required property '${field}'`],
        onTheBus: [`/external must have required property '${field}'`],
      });
    });

  for (const none of [null, 'cus_1', 7, [whole]])
    it(`is refused as ${JSON.stringify(none).slice(0, 12)}`, () => {
      expect(problemsOf(none)).to.deep.equal({
        alone: ['/ must be object'],
        onTheBus: ['/external must be object'],
      });
    });

  it('is refused by a sentence that holds no value of it', () => {
    const said = problemsOf({ ...whole, after: { name: 'secret', email: 7 }, mark: ['secret'] });
    expect(JSON.stringify(said)).to.not.include('secret');
  });
});

function oldest(): object {
  const { id, kind, account } = whole;
  return { id, kind, account };
}
