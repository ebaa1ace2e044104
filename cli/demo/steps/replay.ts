// Stripe fails one create for so long that the customer is parked. When the fault is gone, a replay
// shows what it would do, and then does it.
import { planReplay, runReplay } from '../../../lib/operations/replay.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { CliError, exit } from '../../exit.ts';
import type { Narrator } from '../narrator.ts';
import { DEMO_PARK_MS } from '../settings.ts';
import type { CustomerView, World } from '../world.ts';
import { rowOf } from './crash.ts';

const GRACE = { name: 'Grace Hopper', email: 'grace.hopper@navy.example' };

export async function replayParked(world: World, narrator: Narrator): Promise<void> {
  narrator.step(
    'Stripe answers 503 to one create for too long: the customer is parked, and replayed when the fault is gone',
  );
  const fault = await world.control<{ id: string }>('POST', '/faults', {
    kind: 'error_before_effect',
    status: 503,
    stored: false,
    method: 'POST',
    path: '/v1/customers',
    contains: 'grace.hopper',
    times: null,
  });
  const { status, body } = await world.request<CustomerView>('POST', '/customers', GRACE);
  if (status !== 201) throw new CliError(exit.failed, `POST /customers answered ${status}`);
  await waitUntil(async () => (await world.customer(body.id)).sync['stripe']?.state === 'parked', {
    timeoutMs: 30_000,
    everyMs: 100,
    what: 'the failing create is parked',
  });
  narrator.rows([rowOf(await world.customer(body.id))]);
  narrator.line(`(parked after ${DEMO_PARK_MS / 1_000} s of attempts in this demo; the default is 24 h)`);
  await world.control('DELETE', `/faults/${fault.id}`);

  const plan = await planReplay(world.sync, { system: world.sync.integration.system });
  const item = plan.items.find(({ rowId }) => rowId === body.id);
  if (item?.effect.would !== 'create') {
    throw new CliError(exit.failed, `a replay would not create it: ${JSON.stringify(item?.effect ?? null)}`);
  }
  narrator.line('replay: would create it at Stripe; done');
  await runReplay(world.sync, plan, 'demo');
  await world.quiet();
  const after = await world.customer(body.id);
  if (after.sync['stripe']?.state !== 'linked') {
    throw new CliError(exit.failed, `the replay did not bring it to Stripe: ${JSON.stringify(after.sync)}`);
  }
  narrator.rows([rowOf(after)]);
}
