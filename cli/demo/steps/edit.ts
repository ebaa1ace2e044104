// Edits and a delete, one at a time. Each waits until Stripe has it, which gives the times of an
// idle system.
import { CliError, exit } from '../../exit.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';

const EDITS = 12;

export async function editAndDelete(world: World, narrator: Narrator): Promise<void> {
  narrator.step(`Edit ${EDITS} customers and delete one: the changes reach Stripe`);
  const { body } = await world.request<CustomerView[]>('GET', '/customers?limit=100');
  const linked = body.filter(({ external_mappings }) => external_mappings['stripe'] !== undefined);
  const rows: string[][] = [];
  for (const [at, customer] of linked.slice(0, EDITS).entries()) {
    // Edits the name and the email alternately.
    const change =
      at % 2 === 0 ? { name: `${customer.name} Jr.` } : { email: customer.email.replace('@', '+new@') };
    const { status } = await world.request('PATCH', `/customers/${customer.id}`, change);
    if (status !== 200) throw new CliError(exit.failed, `PATCH /customers/${customer.id} answered ${status}`);
    await world.quiet();
    const record = await world.atStripe(externalId(customer));
    const [field, value] = Object.entries(change)[0] ?? [];
    if (typeof record === 'string' || record[field ?? ''] !== value) {
      throw new CliError(exit.failed, `customer ${customer.id}: Stripe does not show the new ${field}`);
    }
    if (rows.length < 2)
      rows.push([`customer ${customer.id}`, `${field} is now`, String(value), 'on both sides']);
  }
  const last = linked.at(-1);
  if (last) {
    const { status } = await world.request('DELETE', `/customers/${last.id}`);
    if (status !== 204) throw new CliError(exit.failed, `DELETE /customers/${last.id} answered ${status}`);
    await world.quiet();
    const record = await world.atStripe(externalId(last));
    if (record !== 'erased')
      throw new CliError(exit.failed, `customer ${last.id} is deleted in our table and still at Stripe`);
    rows.push([`customer ${last.id}`, 'deleted', last.email, 'on both sides']);
  }
  narrator.rows(rows);
}

function externalId(customer: CustomerView): string {
  return customer.external_mappings['stripe'] ?? '';
}
