// The parts of the contract about what a system tells us by itself: its webhooks.
import { expect } from 'chai';
import type { Ingress, Verification } from '../../../lib/integrations/integration.ts';
import type { Delivery, Webhooks } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { required } from './expecting.ts';

const SECOND = 1_000;
const TOLERANCE_S = 300;

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
      header?: string | string[] | undefined;
      toleranceS?: number;
    };
    function verify({ body, headers }: Delivery, changes: Changes = {}): Verification {
      const { ingress, webhooks } = parts();
      return ingress.verify({
        rawBody: Buffer.from(changes.body ?? body),
        header: 'header' in changes ? changes.header : headers[ingress.header],
        secrets: changes.secrets ?? webhooks.secrets,
        now: kit.harness().now(),
        toleranceS: changes.toleranceS ?? TOLERANCE_S,
      });
    }
    const signed = (lateS = 0): Delivery => {
      const { webhooks } = parts();
      return webhooks.sign(newest(), new Date(kit.harness().now().getTime() - lateS * SECOND));
    };
    const codeOf = (verdict: Verification): string => (verdict.ok ? 'ok' : verdict.code);

    kit.itWithWebhooks('are believed with the signature of any of our secrets', async () => {
      await kit.harness().createThere(kit.filled('signed'));
      expect(codeOf(verify(signed()))).to.equal('ok');
      const rolled = { secrets: ['another-secret', ...parts().webhooks.secrets] };
      expect(codeOf(verify(signed(), rolled))).to.equal('ok');
    });

    kit.itWithWebhooks(
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

    kit.itWithWebhooks('are refused without a signature, or with one that is none', async () => {
      await kit.harness().createThere(kit.filled('unsigned'));
      const delivery = signed();
      const given = required(delivery.headers[parts().ingress.header]);
      for (const header of [undefined, '', 'none', '=', given.slice(0, -1), `${given}é`, 'a'.repeat(100_000)])
        expect(verify(delivery, { header }).ok, String(header).slice(0, 40)).to.equal(false);
      expect(verify(delivery, { header: [given, given] }).ok).to.equal(false);
    });

    kit.itWithWebhooks('are refused when they are older than the tolerance, or from the future', async () => {
      await kit.harness().createThere(kit.filled('late'));
      expect(codeOf(verify(signed(TOLERANCE_S - 2)))).to.equal('ok');
      expect(codeOf(verify(signed(TOLERANCE_S + 2)))).to.equal('too_old');
      expect(codeOf(verify(signed(-TOLERANCE_S - 2)))).to.equal('too_new');
    });

    kit.itWithWebhooks('name the record that was made, changed and deleted there', async () => {
      const h = kit.harness();
      const id = await h.createThere(kit.filled('told'));
      await h.updateThere(id, kit.filled('retold'));
      await h.deleteThere(id);
      const { ingress, webhooks } = parts();
      const events = webhooks.events().map((event) => required(ingress.normalise(event)));
      const about = events.filter(({ externalId }) => externalId === id);
      expect(about.map(({ kind }) => kind)).to.deep.equal(['created', 'updated', 'deleted']);
      expect(new Set(about.map(({ externalEventId }) => externalEventId)).size).to.equal(3);
      for (const { after } of about.slice(0, 1))
        if (after) expect(kit.mapped(after)).to.deep.equal(kit.filled('told'));
      for (const { created } of about)
        expect(Math.abs(created.getTime() - h.now().getTime())).to.be.lessThan(60 * SECOND);
    });

    kit.itWithWebhooks('that are no events are null, and nothing that is sent is thrown at us', async () => {
      await kit.harness().createThere(kit.filled('garbled'));
      const { ingress } = parts();
      for (const body of [
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
        expect(ingress.normalise(body), JSON.stringify(body)).to.equal(null);
      // Each member of a real event, whichever depth it stands at, with values of every wrong type.
      for (const spoilt of spoiltCopies(newest())) {
        const event = ingress.normalise(spoilt);
        if (event === null) continue;
        expect(event.externalEventId).to.be.a('string').and.not.equal('');
        expect(event.created.getTime()).to.be.a('number').and.not.NaN;
        for (const value of Object.values({ ...event.after, ...event.previous }))
          expect(value === null || typeof value === 'string').to.equal(true);
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
