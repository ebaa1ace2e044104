// Both sides edit one customer: first so that the merge sees both edits together, then so that our
// write covers their edit before its webhook arrives. No edit is lost: each case has a conflict row
// with both values, and one call reverses the decision.
import { pauseConnection, resumeConnection } from '../../../db/connections.ts';
import { waitUntil } from '../../../lib/loop.ts';
import { CliError, exit } from '../../exit.ts';
import type { Narrator } from '../narrator.ts';
import type { CustomerView, World } from '../world.ts';

type ConflictView = {
  id: string;
  kind: string;
  field: string;
  ours: string;
  theirs: string;
  rule: string;
  winner: string;
};

const ARRIVES_MS = 15_000;

export async function editBothSides(world: World, narrator: Narrator): Promise<void> {
  narrator.step('Both sides edit the same customer: nothing is overwritten silently');
  const { body } = await world.request<CustomerView[]>('GET', '/customers?limit=100');
  const [first, second] = body
    .filter(({ external_mappings }) => external_mappings['stripe'] !== undefined)
    .slice(-2);
  if (!first || !second) throw new CliError(exit.failed, 'no two customers are linked');

  const merged = await editAtOnce(world, first);
  narrator.line('at the same moment: the field’s rule decides, and a conflict keeps both values');
  narrator.rows([rowOf(merged)]);
  const reversed = await world.request<{ customer: CustomerView }>('POST', `/conflicts/${merged.id}/reverse`);
  if (reversed.status !== 200)
    throw new CliError(exit.failed, `reversing the conflict answered ${reversed.status}`);
  await waitForName(world, first, merged.theirs);
  narrator.line(`POST /api/v1/conflicts/${merged.id}/reverse`);
  narrator.rows([[`customer ${first.id}`, 'name is now', merged.theirs, 'on both sides']]);

  const covered = await editUnseen(world, second);
  narrator.line('an edit that our write covered before its webhook arrived: the echo of our write shows it');
  narrator.rows([rowOf(covered)]);
}

/** Sending is paused until both edits are made, so that one step sees both. */
async function editAtOnce(world: World, customer: CustomerView): Promise<ConflictView> {
  const { db } = world.database;
  const { system } = world.sync.integration;
  await pauseConnection(db, system, 'the demo edits both sides at once', new Date());
  try {
    await world.control('POST', `/dashboard/customers/${externalId(customer)}`, {
      name: `${customer.name} (Stripe)`,
    });
    await world.control('GET', '/webhooks/idle');
    await patch(world, customer, `${customer.name} (API)`);
  } finally {
    await resumeConnection(db, system);
  }
  return findConflict(world, customer, 'both_moved');
}

/** Their webhook is held until our write has covered their edit. */
async function editUnseen(world: World, customer: CustomerView): Promise<ConflictView> {
  await world.control('PUT', '/webhooks', { hold: true });
  try {
    await world.control('POST', `/dashboard/customers/${externalId(customer)}`, {
      name: `${customer.name} (unseen)`,
    });
    await patch(world, customer, `${customer.name} (ours)`);
    await waitForName(world, customer, `${customer.name} (ours)`);
  } finally {
    await world.control('PUT', '/webhooks', { hold: false });
    await world.control('POST', '/webhooks/release', {});
  }
  return findConflict(world, customer, 'overwritten_unseen');
}

async function patch(world: World, customer: CustomerView, name: string): Promise<void> {
  const { status } = await world.request('PATCH', `/customers/${customer.id}`, { name });
  if (status !== 200) throw new CliError(exit.failed, `PATCH /customers/${customer.id} answered ${status}`);
}

async function waitForName(world: World, customer: CustomerView, name: string): Promise<void> {
  await waitUntil(
    async () => {
      const record = await world.atStripe(externalId(customer));
      return (
        typeof record !== 'string' &&
        record['name'] === name &&
        (await world.customer(customer.id)).name === name
      );
    },
    { timeoutMs: ARRIVES_MS, what: `customer ${customer.id} has the same name on both sides` },
  );
}

function findConflict(world: World, customer: CustomerView, kind: string): Promise<ConflictView> {
  return waitUntil(
    async () => {
      const { body } = await world.request<ConflictView[]>('GET', `/conflicts?customer=${customer.id}`);
      return body.find((conflict) => conflict.kind === kind);
    },
    { timeoutMs: ARRIVES_MS, what: `the conflict "${kind}" of customer ${customer.id} is stored` },
  );
}

function rowOf({ kind, field, ours, theirs, rule, winner }: ConflictView): string[] {
  return [kind, field, `ours: ${ours}`, `theirs: ${theirs}`, `${rule} → ${winner}`];
}

function externalId(customer: CustomerView): string {
  return customer.external_mappings['stripe'] ?? '';
}
