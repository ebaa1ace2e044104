// A person creates, renames and deletes a customer in Stripe's dashboard, and webhooks bring the
// changes to our table.
import { waitUntil } from '../../../lib/loop.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';

const KATHERINE = { name: 'Katherine Johnson', email: 'katherine.johnson@orbit.example' };
/** Far longer than a webhook takes; if a webhook never arrives, the demo must end. */
const ARRIVES_MS = 15_000;

export async function followStripe(world: World, narrator: Narrator): Promise<void> {
  narrator.step(
    'In Stripe’s dashboard a customer is created, renamed and deleted: the changes reach our table',
  );
  const { id } = await world.control<{ id: string }>('POST', '/dashboard/customers', KATHERINE);
  const created = await waitForCustomer(world, 'the new customer is in our table', (found) => found);
  const rows = [[`customer ${created.id}`, 'created', created.name, id]];
  const name = `${KATHERINE.name}, Ph.D.`;
  await world.control('POST', `/dashboard/customers/${id}`, { name });
  const renamed = await waitForCustomer(world, 'the new name is in our table', (found) =>
    found?.name === name ? found : undefined,
  );
  rows.push([`customer ${created.id}`, 'renamed', renamed.name, `version ${renamed.version} in our table`]);
  await world.control('DELETE', `/dashboard/customers/${id}`);
  await waitUntil(async () => (await findByIdentity(world)) === undefined, {
    timeoutMs: ARRIVES_MS,
    what: 'the customer is deleted in our table',
  });
  rows.push([`customer ${created.id}`, 'deleted', KATHERINE.email, 'a tombstone in our table']);
  narrator.rows(rows);
}

function waitForCustomer(
  world: World,
  what: string,
  pick: (found: CustomerView | undefined) => CustomerView | undefined,
): Promise<CustomerView> {
  return waitUntil(async () => pick(await findByIdentity(world)), { timeoutMs: ARRIVES_MS, what });
}

async function findByIdentity(world: World): Promise<CustomerView | undefined> {
  const query = new URLSearchParams({ email: KATHERINE.email });
  const { body } = await world.request<CustomerView[]>('GET', `/customers?${query.toString()}`);
  return body[0];
}
