// The parts of the contract about what a system tells us by itself: its webhooks.
import { expect } from 'chai';
import type { InboundEvent, Ingress, Verification } from '../../../lib/integrations/integration.ts';
import type { Delivery, Webhooks } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { eventsIn } from './contract-rows.ts';
import { required } from './expecting.ts';

const SECOND = 1_000;

export function describeWebhooks(kit: Kit): void {
  describe('webhooks', () => {
    const parts = (): { ingress: Ingress; webhooks: Webhooks } => {
      const { integration, webhooks } = kit.harness();
      return { ingress: required(integration.ingress), webhooks: required(webhooks) };
    };
    const newest = (): unknown => required(parts().webhooks.events().at(-1));

    type Changes = {
      secrets?: string[];
      body?: string;
      headers?: Record<string, string | string[] | undefined>;
    };
    function verify(delivery: Delivery, changes: Changes = {}): Verification {
      const { ingress, webhooks } = parts();
      const { method, path, body, headers } = delivery;
      return required(ingress.verify)({
        ...{ method, path, headers: { ...headers, ...changes.headers } },
        rawBody: Buffer.from(changes.body ?? body),
        secrets: changes.secrets ?? webhooks.secrets,
        now: kit.harness().now(),
        toleranceS: ingress.toleranceS,
      });
    }
    const signed = (lateS = 0): Delivery => {
      const { webhooks } = parts();
      const [body] = webhooks.bodies([newest()]);
      return webhooks.sign(body, new Date(kit.harness().now().getTime() - lateS * SECOND));
    };
    /** What a body with this event alone has in it. */
    const readAlone = (event: unknown): InboundEvent | null =>
      eventsIn(kit.harness().integration, parts().webhooks.bodies([event]))[0] ?? null;
    const codeOf = (verdict: Verification): string => (verdict.ok ? 'ok' : verdict.code);

    kit.itWithSignatures('are believed with the signature of any of our secrets', async () => {
      await kit.harness().createThere(kit.filled('signed'));
      expect(codeOf(verify(signed()))).to.equal('ok');
      const rolled = { secrets: ['another-secret', ...parts().webhooks.secrets] };
      expect(codeOf(verify(signed(), rolled))).to.equal('ok');
    });

    kit.itWithSignatures(
      'are refused with another secret, another body, or without a secret of ours',
      async () => {
        await kit.harness().createThere(kit.filled('forged'));
        const delivery = signed();
        expect(codeOf(verify(delivery, { secrets: ['another-secret'] }))).to.equal('no_match');
        expect(codeOf(verify(delivery, { body: `${delivery.body} ` }))).to.equal('no_match');
        expect(codeOf(verify(delivery, { body: '' }))).to.equal('no_match');
        for (const secrets of [[], [''], ['  ']])
          expect(codeOf(verify(delivery, { secrets }))).to.equal('no_secret');
      },
    );

    kit.itWithSignatures('are refused without a signature, or with one that is none', async () => {
      await kit.harness().createThere(kit.filled('unsigned'));
      const delivery = signed();
      for (const name of Object.keys(delivery.headers).filter((each) => each !== 'content-type')) {
        const given = required(delivery.headers[name]);
        const wrong = [undefined, '', 'none', '=', given.slice(0, -1), `${given}é`, 'a'.repeat(100_000)];
        for (const header of [...wrong, [given, given]]) {
          const what = `${name}: ${String(header).slice(0, 40)}`;
          expect(verify(delivery, { headers: { [name]: header } }).ok, what).to.equal(false);
        }
      }
      const { method, path, body } = delivery;
      expect(verify({ method, path, body, headers: {} }).ok).to.equal(false);
    });

    kit.itWithSignatures(
      'are refused when they are older than the tolerance, or from the future',
      async () => {
        await kit.harness().createThere(kit.filled('late'));
        const { toleranceS } = parts().ingress;
        expect(codeOf(verify(signed(toleranceS - 2)))).to.equal('ok');
        expect(codeOf(verify(signed(toleranceS + 2)))).to.equal('too_old');
        expect(codeOf(verify(signed(-toleranceS - 2)))).to.equal('too_new');
      },
    );

    kit.itWithWebhooks('name the record that was made, changed and deleted there', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('told'));
      await h.updateThere(id, kit.filled('retold'));
      await h.deleteThere(id);
      const { webhooks } = parts();
      const events = eventsIn(h.integration, webhooks.bodies(webhooks.events()));
      const about = events.filter(({ externalId }) => externalId === id);
      expect(about.map(({ kind }) => kind)).to.deep.equal(['created', 'updated', 'deleted']);
      expect(new Set(about.map(({ externalEventId }) => externalEventId)).size).to.equal(3);
      for (const { after } of about.slice(0, 1))
        if (after) expect(kit.mapped(after)).to.deep.equal(kit.filled('told'));
      for (const { created } of about)
        expect(Math.abs(created.getTime() - h.now().getTime())).to.be.lessThan(60 * SECOND);
    });

    kit.itWithWebhooks('come in their order, with those that cannot be read in their places', async () => {
      const h = kit.harness();
      const made = [await h.createThere(kit.filled('first')), await h.createThere(kit.filled('last'))];
      const { ingress, webhooks } = parts();
      const [first, last] = webhooks.events().slice(-2);
      const items = webhooks.bodies([first, { id: 7 }, null, last]).flatMap((body) => ingress.events(body));
      expect(items.map((item) => (item.ok ? item.event.externalId : item.ok))).to.deep.equal([
        ...[made[0], false, false, made[1]],
      ]);
      for (const item of items)
        if (!item.ok)
          expect(item.why)
            .to.be.a('string')
            .and.not.match(/first|last|@|^$/);
      const whole = webhooks.bodies(webhooks.events()).flatMap((body) => ingress.events(body));
      expect(whole).to.have.lengthOf(webhooks.events().length);
    });

    kit.itWithWebhooks('that are no events are named, and nothing that is sent is thrown at us', async () => {
      await kit.harness().createThere(kit.filled('garbled'));
      const { ingress, webhooks } = parts();
      for (const item of [
        undefined,
        null,
        0,
        true,
        '',
        'text',
        [],
        {},
        [[]],
        { id: 7 },
        { id: '', type: '' },
      ])
        for (const body of [item, ...webhooks.bodies([item])])
          expect(
            ingress.events(body).filter(({ ok }) => ok),
            JSON.stringify(body),
          ).to.deep.equal([]);
      // Each member of a real event, whichever depth it stands at, with values of every wrong type.
      for (const spoilt of spoiltCopies(newest())) {
        const event = readAlone(spoilt);
        if (event === null) continue;
        expect(event.externalEventId).to.be.a('string').and.not.equal('');
        expect(event.created.getTime()).to.be.a('number').and.not.NaN;
        for (const { external, field } of kit.harness().integration.document.fields)
          for (const value of [event.after?.[external], event.previous?.[external]])
            if (field.type === 'text' || field.type === 'email')
              expect(value ?? '', external).to.be.a('string');
      }
    });
  });
}

const WRONG: readonly unknown[] = [null, undefined, 7, true, '', [], {}, 'a'.repeat(1_000_000), -1, 'null'];

/** Copies of an event in each of which one member has a wrong value. */
function* spoiltCopies(event: unknown): Generator {
  for (const path of pathsIn(event)) {
    for (const value of WRONG) {
      const copy = structuredClone(event);
      const holder = path.slice(0, -1).reduce((at, name) => at[name] as Members, copy as Members);
      holder[path.at(-1) ?? ''] = value;
      yield copy;
    }
  }
}

type Members = Record<string, unknown>;

function pathsIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    [name],
    ...pathsIn(inner).map((rest) => [name, ...rest]),
  ]);
}
