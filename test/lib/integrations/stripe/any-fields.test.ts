import { expect } from 'chai';
import fc from 'fast-check';
import type { Fields, Value } from '../../../../lib/catalogue/document.ts';
import type { Integration } from '../../../../lib/integrations/integration.ts';
import { thinEvent } from '../../../../simulator/webhooks/thin-events.ts';
import { ALL, clearedValue, documentOf, filled, pick, SHIPPING_ROOT } from './fields.ts';
import { openSimulator, type StripeHarness } from './harness.ts';
import { onlyEvent } from '../../../support/only-event.ts';

const WRITABLE = ALL.filter((name) => name !== 'invoice_prefix');
const REQUIRED_OF_SHIPPING = [SHIPPING_ROOT, 'shipping.address.line1'];

/** What a customer may be asked to become; the same field may come twice. */
const change = fc.tuple(
  fc.constantFrom(...WRITABLE),
  fc.constantFrom<'one' | 'two' | null>('one', 'two', null),
);
const story = fc.record({
  document: fc.subarray(WRITABLE, { minLength: 1 }),
  before: fc.subarray(WRITABLE),
  steps: fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  replacesHashes: fc.boolean(),
});

describe('any set of fields of a customer', () => {
  let harness: StripeHarness;
  let whole: Integration;
  before(async () => {
    harness = await openSimulator();
    whole = harness.connect({ document: documentOf(WRITABLE) });
  });
  after(() => harness.close());

  let keys = 0;
  const key = (): string => `any-${++keys}`;

  /** A shipping without a name cannot be: it is given one. */
  const withName = (fields: Fields): Fields => {
    const lacks = Object.keys(fields).some((name) => name.startsWith('shipping.') && fields[name] !== null);
    return lacks && (fields[SHIPPING_ROOT] ?? null) === null ? { ...fields, [SHIPPING_ROOT]: 'Zoe' } : fields;
  };
  const readAll = async (integration: Integration, externalId: string): Promise<Fields> => {
    const fetched = await integration.fetch(externalId);
    if (fetched.state !== 'present') throw new Error('it is there');
    return fetched.record.fields;
  };
  /** Holds the last event to what was, by its snapshot and by its thin form. */
  const checkEvent = (integration: Integration, was: Fields, is: Fields, mapped: readonly string[]): void => {
    const event = harness.simulator.events().at(-1);
    const full = onlyEvent(integration.ingress, event);
    if (!event || !full) throw new Error('there is an event');
    const previous = full.previous ?? {};
    for (const name of mapped) {
      if (Object.hasOwn(previous, name)) expect(previous[name]).to.equal(was[name], name);
      else expect(is[name]).to.equal(was[name], `${name} is said not to have changed`);
    }
    expect(
      onlyEvent(integration.ingress, JSON.parse(JSON.stringify(thinEvent(event))))?.previous,
    ).to.deep.equal(previous);
  };

  it('comes back as it was written, and leaves every other field as it was', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ document, before, steps, replacesHashes }) => {
        harness.simulator.rules.set({ replacesHashes });
        const shipped = document.some((name) => name.startsWith('shipping.'));
        const mapped = [...new Set([...document, ...(shipped ? REQUIRED_OF_SHIPPING : [])])];
        const integration = harness.connect({ document: documentOf(mapped) });
        const body = whole.body(withName(filled(before, 'one')), null, undefined, {});
        const { externalId } = await whole.write({ operation: 'create', key: key(), externalId: null, body });
        let was = await readAll(whole, externalId);
        for (const step of steps) {
          const wanted = step.filter(([name]) => mapped.includes(name));
          const next = withName({
            ...was,
            ...Object.fromEntries(
              wanted.map(([name, salt]): [string, Value] => [name, valueFor(name, salt)]),
            ),
          });
          const fields = Object.fromEntries(
            Object.entries(next).filter(([name, value]) => mapped.includes(name) && value !== was[name]),
          );
          // A change of a name that was put in for an unmapped shipping is none of this document's.
          const expected = { ...was, ...fields };
          if (Object.keys(fields).length === 0) continue;
          const theirs = await readAll(integration, externalId);
          expect(pick(theirs, mapped)).to.deep.equal(pick(was, mapped));
          const sent = integration.body(fields, null, undefined, theirs);
          const written = await integration.write({
            operation: 'update',
            key: key(),
            externalId,
            body: sent,
          });
          const after = Object.fromEntries(
            Object.entries(expected).map(([name, value]) => [name, value ?? clearedValue(name)]),
          );
          expect(pick(written.record?.fields ?? {}, mapped)).to.deep.equal(pick(after, mapped));
          expect(await readAll(whole, externalId)).to.deep.equal(after);
          checkEvent(integration, was, after, mapped);
          was = after;
        }
      }),
      { numRuns: 60 },
    );
  });
});

function valueFor(name: string, salt: 'one' | 'two' | null): Value {
  return salt === null ? clearedValue(name) : (filled([name], salt)[name] ?? null);
}
