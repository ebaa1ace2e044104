// Stripe has some of the customers already, from before Twinbox. They are found at the first
// contact, and none of them is created a second time.
import { countMappings } from '../../../db/health/reports.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { CliError, exit } from '../../exit.ts';
import { quietLog } from '../../session.ts';
import { startStripe } from '../../stripe.ts';
import type { Narrator } from '../narrator.ts';
import type { World } from '../world.ts';
import { rowOf, seconds } from './crash.ts';
import type { CustomerView } from '../world.ts';

/** Three customers of the file that is imported later. */
const EXISTING = [
  { name: 'Luís Gonçalves', email: 'luisg@embraer.com.br' },
  { name: 'Leonie Köhler', email: 'leonekohler@surfeu.de' },
  { name: 'François Tremblay', email: 'ftremblay@gmail.com' },
];
const ARRIVES_MS = 30_000;

/** Fills the simulator's account before anything of Twinbox runs. */
export async function fillStripe({ config }: World, narrator: Narrator): Promise<void> {
  narrator.step('Stripe has three customers already, created in its dashboard before Twinbox runs');
  const stripe = await startStripe(config, quietLog(config), 0);
  try {
    const rows: string[][] = [];
    for (const person of EXISTING) {
      const answer = await fetch(`${stripe.simulatorUrl ?? ''}/_sim/dashboard/customers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(person),
        signal: AbortSignal.timeout(15_000),
      });
      if (!answer.ok) throw new CliError(exit.failed, `the simulator answered ${answer.status}`);
      const { id } = (await answer.json()) as { id: string };
      rows.push([id, person.name, person.email]);
    }
    narrator.rows(rows);
  } finally {
    await stripe.close();
  }
}

/** The table was empty, so each record becomes a customer in our table, linked with its record. */
export async function meetAccount(world: World, narrator: Narrator): Promise<void> {
  narrator.step('The first contact: every record of the account is read before a record is created in it');
  const began = performance.now();
  await waitUntil(async () => ((await countMappings(world.database.db))[0]?.linked ?? 0) >= EXISTING.length, {
    timeoutMs: ARRIVES_MS,
    what: 'the customers of Stripe are in our table',
  });
  await world.quiet();
  const { body } = await world.request<CustomerView[]>('GET', '/customers?limit=100');
  const atStripe = await world.control<unknown[]>('GET', '/customers');
  if (body.length !== EXISTING.length || atStripe.length !== EXISTING.length)
    throw new CliError(
      exit.failed,
      `${body.length} customers in our table and ${atStripe.length} at Stripe, not 3 and 3`,
    );
  narrator.line(`after ${seconds(began)} s they are customers in our table, and Stripe still has three`);
  narrator.rows(body.map(rowOf));
}
