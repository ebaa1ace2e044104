// One of the 59 customers has an address that Stripe refuses. It is parked with its reason, the
// other customers do not wait for it, and the next edit fixes it.
import { CliError, exit } from '../../exit.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';
import { rowOf } from './crash.ts';

export async function fixParked(world: World, narrator: Narrator): Promise<void> {
  narrator.step('Stripe refuses one customer: it is parked with its reason, and an edit fixes it');
  let parked = await findParked(world);
  if (!parked) {
    // The real Stripe may accept the address that the simulator refuses.
    await world.request('POST', '/customers', { name: 'Ada Lovelace', email: 'ada@lovelace' });
    await world.quiet();
    parked = await findParked(world);
  }
  if (!parked) throw new CliError(exit.failed, 'Stripe accepted every address; no customer is parked');
  narrator.rows([rowOf(parked)]);
  const email = fixed(parked.email);
  const { status } = await world.request('PATCH', `/customers/${parked.id}`, { email });
  if (status !== 200) throw new CliError(exit.failed, `PATCH /customers/${parked.id} answered ${status}`);
  await world.quiet();
  const after = await world.customer(parked.id);
  if (after.sync['stripe']?.state !== 'linked') {
    throw new CliError(exit.failed, `customer ${parked.id} was not fixed: ${JSON.stringify(after.sync)}`);
  }
  narrator.line(`PATCH /api/v1/customers/${parked.id} {"email":"${email}"}`);
  narrator.rows([rowOf(after)]);
}

async function findParked(world: World): Promise<CustomerView | undefined> {
  const { body } = await world.request<CustomerView[]>('GET', '/customers?limit=100');
  return body.find(({ sync }) => sync['stripe']?.state === 'parked');
}

/** The same address in letters that every system accepts. */
function fixed(email: string): string {
  const plain = email
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ł', 'l')
    .replace(/[^\x21-\x7e]/g, '');
  return /@[^.]+$/.test(plain) ? `${plain}.example` : plain;
}
