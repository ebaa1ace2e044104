// A credential that is minted or rotates: two processes that need it at once, refusals for now and for
// good, deaths in the middle of a renewal. Two keepers on one database are two processes; a failpoint that
// throws leaves behind what a death does. test/lib/credentials/ kills real processes at the same places.
import { expect } from 'chai';
import { createKeeper } from '../../../lib/credentials/keeper.ts';
import { authorized } from '../../../lib/credentials/integrate.ts';
import { disableFailpoints, enableFailpoint } from '../../../lib/failpoint.ts';
import type { SystemAccess } from '../../../lib/integrations/definition.ts';
import type { Integration } from '../../../lib/integrations/integration.ts';
import { RECONNECT } from '../../../lib/integrations/own-failure.ts';
import { createLogger } from '../../../lib/log.ts';
import { finishCredential, storeGiven, type SetDeps } from '../../../lib/operations/credentials.ts';
import { openBreakingProxy } from '../../support/breaking-proxy.ts';
import { A_KEY, allText, endRenewals } from '../../support/credentials.ts';
import { useDatabase } from '../../support/database.ts';
import { createSignal, pauseAt, waitUntil } from '../../support/signal.ts';
import { emptyTables } from '../../support/sync.ts';
import { PassThrough } from 'node:stream';
import type { ContractHarness, CredentialHarness } from './contract-harness.ts';
import type { CredentialKind, Kit } from './contract-kit.ts';
import { required } from './expecting.ts';

const BOTH: readonly CredentialKind[] = ['minted', 'rotating'];
const ROTATING: readonly CredentialKind[] = ['rotating'];
const HOUR = 3_600_000;

export function describeCredentials(kit: Kit, open: () => Promise<ContractHarness>): void {
  describe('its credential, if that changes', () => {
    const database = useDatabase();
    let h: ContractHarness;
    let c: CredentialHarness;
    let logged: string;

    beforeEach('start it', async () => {
      h = await open();
      if (!h.credential) return;
      c = h.credential;
      logged = '';
      await emptyTables(database.db);
    });
    afterEach('stop it', async () => {
      disableFailpoints();
      await h.close();
    });

    const clock = { now: () => h.now() };
    function parts() {
      const stream = new PassThrough();
      stream.on('data', (chunk: Buffer) => (logged += chunk.toString()));
      const log = createLogger({ level: 'debug', format: 'json', stream });
      return { db: database.db, clock, log, keys: [A_KEY] };
    }

    /** What a process has of its own. */
    function startProcess(url?: string): Integration {
      const { system } = h.integration;
      const { authorize } = createKeeper({ ...parts(), system, auth: c.auth, which: 'bound' });
      return authorized(c.integrate(authorize, url));
    }

    /** As `twinbox credentials set` does; nothing has to be given for a minted one. */
    async function connect(): Promise<void> {
      if (c.auth.kind === 'minted') return;
      const system = { name: h.integration.system, label: 'it' };
      const access = {
        system,
        auth: c.auth,
        integrate: (_: string, authorize: never) => c.integrate(authorize),
      };
      const deps: SetDeps = { ...parts(), access: access as unknown as SystemAccess, instanceId: 'contract' };
      expect(await storeGiven(deps, `${c.connect()}\n`)).to.equal(true);
      expect(await finishCredential(deps)).to.include({ ok: true, boundTo: null });
    }

    const failureOf = async (integration: Integration, call: () => Promise<unknown>) =>
      call().then(
        () => null,
        (error: unknown) => integration.classify(error),
      );
    /** Past its first minute, in which a refusal is believed. */
    const grow = (): void => h.advance(2 * 60_000);

    kit.itWithCredential(BOTH, 'is renewed once where two processes need it at once', async () => {
      await connect();
      const [one, other] = [startProcess(), startProcess()];
      await Promise.all([one.identify(), other.identify()]);
      grow();
      c.revoke();
      const before = c.renewals();
      const held = pauseAt('credential.renewed');
      const first = one.identify();
      await held.reached;
      // The other one waits, or it begins a renewal of its own.
      const met = createSignal();
      for (const point of ['credential.waiting', 'credential.begun'])
        enableFailpoint(point, () => met.fire());
      const second = other.identify();
      await met.promise;
      held.resume();
      expect(await first).to.deep.equal(await second);
      expect(c.renewals()).to.equal(before + 1);
    });

    kit.itWithCredential(BOTH, 'is compared with the row before it is renewed after a refusal', async () => {
      await connect();
      const [one, other] = [startProcess(), startProcess()];
      await Promise.all([one.identify(), other.identify()]);
      grow();
      c.revoke();
      await one.identify();
      const [before, calls] = [c.renewals(), h.calls()];
      await other.identify();
      expect([c.renewals(), h.calls() - calls]).to.deep.equal([before, 2]);
    });

    kit.itWithCredential(BOTH, 'is renewed before its end, and no call is refused', async () => {
      await connect();
      const integration = startProcess();
      for (let hours = 0; hours < 3; hours += 1) {
        await integration.identify();
        const [before, calls] = [c.renewals(), h.calls()];
        h.advance(56 * 60_000);
        await integration.identify();
        expect([c.renewals() - before, h.calls() - calls]).to.deep.equal([1, 2]);
      }
    });

    kit.itWithCredential(
      BOTH,
      'may come to its end during a long call, whose write has one effect',
      async () => {
        await connect();
        const proxy = await openBreakingProxy(required(h.url));
        try {
          const integration = startProcess(proxy.url);
          await integration.identify();
          const effects = h.effects();
          proxy.hang();
          const writing = integration.write(kitRequest(integration));
          await waitUntil(() => proxy.waiting() > 0, { timeoutMs: 5_000, what: 'the write is under way' });
          h.advance(2 * HOUR);
          proxy.heal();
          expect((await writing).record).to.not.equal(null);
          expect(h.effects()).to.equal(effects + 1);
        } finally {
          await proxy.close();
        }
      },
    );

    kit.itWithCredential(BOTH, 'is not renewed again and again where a new one is refused too', async () => {
      await connect();
      const integration = startProcess();
      await integration.identify();
      grow();
      c.revoke();
      const stop = enableFailpoint('credential.stored', () => c.revoke());
      const before = c.renewals();
      for (let tries = 0; tries < 3; tries += 1)
        expect(await failureOf(integration, () => integration.identify())).to.include({ kind: 'auth' });
      expect(c.renewals()).to.equal(before + 1);
      stop();
    });

    kit.itWithCredential(
      ROTATING,
      'that is refused for good has to be set again, which every process notices by itself',
      async () => {
        await connect();
        const [one, other] = [startProcess(), startProcess()];
        await Promise.all([one.identify(), other.identify()]);
        grow();
        c.revoke({ forGood: true });
        const failure = await failureOf(one, () => one.identify());
        expect(failure).to.include({
          kind: 'auth',
          scope: 'account',
          code: RECONNECT,
          nothingHappened: true,
        });
        expect(failure?.message).to.include(`npx twinbox credentials set ${one.system}`);
        const calls = h.calls();
        // Its own token is refused once; the dead credential is not asked about again.
        expect(await failureOf(other, () => other.identify())).to.include({ code: RECONNECT });
        expect(h.calls()).to.equal(calls + 1);
        await connect();
        expect(await one.identify()).to.deep.equal(await other.identify());
      },
    );

    for (const point of ['credential.begun', 'credential.renewed', 'credential.stored'])
      kit.itWithCredential(BOTH, `outlives a process that dies at ${point}`, async () => {
        await connect();
        const dying = startProcess();
        await dying.identify();
        grow();
        c.revoke();
        enableFailpoint(point, 'throw', { once: true });
        await dying.identify().catch(() => undefined);
        await endRenewals(database.db);
        const next = startProcess();
        expect(await next.identify()).to.have.property('account');
        // The dead one turns out to live.
        expect(await dying.identify()).to.have.property('account');
      });

    kit.itWithCredential(ROTATING, 'outlives a renewal whose answer was lost', async () => {
      await connect();
      const integration = startProcess();
      await integration.identify();
      grow();
      c.revoke();
      c.loseNextRenewal();
      const failure = await failureOf(integration, () => integration.identify());
      expect(failure).to.include({ kind: 'retry', scope: 'system', code: 'credential_not_renewed' });
      await endRenewals(database.db);
      expect(await integration.identify()).to.have.property('account');
    });

    kit.itWithCredential(
      ROTATING,
      'says when a renewal was cut off, where the system then refuses for good',
      async () => {
        await connect();
        const dying = startProcess();
        await dying.identify();
        grow();
        c.revoke();
        c.forgetReplaced();
        enableFailpoint('credential.renewed', 'throw', { once: true });
        await dying.identify().catch(() => undefined);
        await endRenewals(database.db);
        const next = startProcess();
        const failure = await failureOf(next, () => next.identify());
        expect(failure).to.include({ kind: 'auth', code: RECONNECT });
        expect(failure?.message).to.include('a renewal was cut off about 20');
      },
    );

    kit.itWithCredential(BOTH, 'stands in no log line and in no row', async () => {
      await connect();
      const integration = startProcess();
      await integration.identify();
      grow();
      c.revoke();
      await integration.identify();
      grow();
      c.revoke({ forGood: true });
      const failure = await failureOf(integration, () => integration.identify());
      const { log } = parts();
      for (const secret of c.given())
        log.warn('a.fault', { why: `it said ${secret}`, error: new Error(encodeURIComponent(secret)) });
      const rows = await allText(database.db);
      expect(rows).to.include('v1.');
      expect(c.given().length).to.be.greaterThan(1);
      expect(logged.split('\n').length).to.be.greaterThan(c.given().length);
      for (const secret of [...c.given(), ...c.auth.madeFrom, A_KEY])
        for (const text of [logged, rows, JSON.stringify(failure)])
          expect(text.includes(secret), secret).to.equal(false);
    });

    let serial = 0;
    function kitRequest(integration: Integration) {
      const tag = `credential-${(serial += 1)}`;
      const body = integration.body(kit.filled(tag), tag);
      return { operation: 'create' as const, key: tag, externalId: null, body };
    }
  });
}
