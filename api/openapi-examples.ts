// Examples of bodies and answers, by the name of their schema. A test sends each body to a real API, and
// compares each answer that it gets with the example of its schema (test/api/openapi-examples.test.ts).
// The schema of every body has one.

import type { Entity } from '../lib/catalogue/entity.ts';
import { exampleChange, exampleRow, exampleShown } from './example-values.ts';
import type { Json } from './openapi-parts.ts';

const AT = '2026-11-29T08:01:58.570Z';
const EVENT_ID = '019a8a3c-7f00-7000-8000-000000000001';

/** `systems`: those that are kept in step. */
function examplesOf(entity: Entity, [system = 'system']: readonly string[]): Record<string, unknown> {
  return {
    NewCustomer: exampleRow(entity),
    CustomerChange: exampleChange(entity),
    Customer: {
      id: 1,
      ...exampleShown(entity),
      version: 1,
      created_at: AT,
      updated_at: AT,
      external_mappings: {},
      sync: { [system]: { state: 'pending', reason: null, version: null, since: AT } },
    },
    ComparisonAsk: { system },
    Comparison: {
      ...{ id: EVENT_ID, customer: 1, actor: 'key:Ada/3f9c1a2b7d04', asked_at: AT },
      systems: [
        {
          ...{ system, state: 'answered', verdict: 'differ', because: null, answered_at: AT },
          pairs: [
            { mapping: 1, external_id: 'cus_NffrFeUfNV2Hib', kind: 'drift', why: 'email', fields: ['email'] },
          ],
        },
      ],
    },
    LinkPlanAsk: { system },
    LinkRun: { reason: 'both sides were looked at', records: 'leave' },
    LinkPlan: linkPlanExample(system),
    Choice: { system, external_id: 'cus_NffrFeUfNV2Hib' },
    Pause: { direction: 'outbound', reason: 'prices are imported until five' },
    Resume: { reason: 'the import is done' },
    ReplaySelection: { status: 'parked', system },
    NewReplay: { plan: '9f2c'.repeat(16), rate: 5, reason: 'the key was renewed' },
    Reason: { reason: 'the customer asked for it' },
    ReplayAct: { reason: 'the system is slow' },
    Closing: { status: 'parked', system, reason: 'test data' },
    GroupClosing: { reason: 'test data' },
    Resolution: { action: 'recreate', reason: 'the test data was deleted' },
    Event: {
      id: 1,
      event_id: EVENT_ID,
      event_type: `${entity.name}.created`,
      entity_key: `${entity.name}:1`,
      customer: 1,
      version: 1,
      source: 'internal',
      created_at: AT,
      published: false,
      routed: true,
      deliveries: [{ target: system, status: 'pending', error: null }],
    },
    Me: {
      ...{ kind: 'stored', id: '3f9c1a2b7d04', name: 'Ada', actor: 'key:Ada/3f9c1a2b7d04' },
      ...{ scope: 'operator', may: ['viewer', 'operator'], system: null, expires_at: null },
    },
    Health: { status: 'healthy' },
  };
}

function linkPlanExample(system: string) {
  const line = { outcome: 'pair_by_email', count: 1, says: 'pairs by their email' };
  return {
    ...{ id: EVENT_ID, system, state: 'ready', actor: 'key:Ada/3f9c1a2b7d04', asked_at: AT, read: 1 },
    ...{ attempts: 0, planned_at: AT, hash: '9f2c'.repeat(16) },
    plan: {
      lines: [{ ...line, examples: [{ customer: 1, record: 'cus_NffrFeUfNV2Hib' }] }],
      ...{ customers: 1, records_undecided: 0, calls: 2, seconds: 1 },
    },
    ...{ failure: null, changed: null, run: null, ended_at: null },
  };
}

/** The schemas, with the examples that there are. */
export function withExamples(
  schemas: Record<string, object>,
  { entity, systems }: { entity: Entity; systems: readonly string[] },
): Json {
  const examples = examplesOf(entity, systems);
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      Object.hasOwn(examples, name) ? { ...schema, examples: [examples[name]] } : schema,
    ]),
  );
}
