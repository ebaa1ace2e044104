// A person works in Stripe's dashboard: creates, renames and deletes a customer at Stripe, and our
// table follows by webhooks.
import { waitUntil } from '../../../lib/loop.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';

const KATHERINE = { name: 'Katherine Johnson', email: 'katherine.johnson@orbit.example' };
/** Far more than it takes; a webhook that never comes must end the demo. */
const ARRIVES_MS = 15_000;

export async function followStripe(world: World, narrator: Narrator): Promise<void> {
  narrator.step('In Stripe’s dashboard a customer is made, renamed and deleted: it follows here');
  const { id } = await world.control<{ id: string }>('POST', '/dashboard/customers', KATHERINE);
  const made = await arrives(world, 'the new customer appears here', (found) => found);
  const rows = [[`customer ${made.id}`, 'made', made.name, id]];
  const name = `${KATHERINE.name}, Ph.D.`;
  await world.control('POST', `/dashboard/customers/${id}`, { name });
  const renamed = await arrives(world, 'the new name appears here', (found) =>
    found?.name === name ? found : undefined,
  );
  rows.push([`customer ${made.id}`, 'renamed', renamed.name, `version ${renamed.version} here`]);
  await world.control('DELETE', `/dashboard/customers/${id}`);
  await waitUntil(async () => (await findByEmail(world)) === undefined, {
    timeoutMs: ARRIVES_MS,
    what: 'the customer is deleted here',
  });
  rows.push([`customer ${made.id}`, 'deleted', KATHERINE.email, 'a tombstone here']);
  narrator.rows(rows);
}

function arrives(
  world: World,
  what: string,
  pick: (found: CustomerView | undefined) => CustomerView | undefined,
): Promise<CustomerView> {
  return waitUntil(async () => pick(await findByEmail(world)), { timeoutMs: ARRIVES_MS, what });
}

async function findByEmail(world: World): Promise<CustomerView | undefined> {
  const query = new URLSearchParams({ email: KATHERINE.email });
  const { body } = await world.request<CustomerView[]>('GET', `/customers?${query.toString()}`);
  return body[0];
}
