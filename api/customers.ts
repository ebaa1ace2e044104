// /customers: checks the request, calls the store, and writes the answer. The rules are in
// lib/customers/customers.ts.

import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import { listRows, readRow, type MappedRow, type RowFields } from '../db/entities/rows.ts';
import type { CustomerStore, Refusal } from '../lib/customers/customers.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { replacing, rowChecksOf, tidiedText } from '../lib/catalogue/row-checks.ts';
import { without } from '../lib/without.ts';
import { readJson } from './body.ts';
import { listChanges } from './customer-changes.ts';
import { listByNeed } from './customers-by-need.ts';
import { filterSchemasOf, readFilters, withHints } from './customer-filters.ts';
import {
  customerPathSchema,
  customerQuerySchemaOf,
  PAGE_DEFAULT,
  type CustomerQuery,
} from './customer-schemas.ts';
import { customerJson, entityTag } from './customer-json.ts';
import { importCustomers, type ImportRouteDeps } from './customer-import.ts';
import { createCustomerWrites, type CustomerWritesDeps } from './customer-writes.ts';
import { answerWithin } from './deadline.ts';
import { ifMatchOf } from './if-match.ts';
import { identityTaken } from './identity-taken.ts';
import { demand, paramsOf, queryOf } from './input.ts';
import { pageOf } from './paging.ts';
import { Problem } from './problems.ts';
import { sendJson, setHeader } from './responses.ts';
import { declareRoute } from './routing.ts';
import { rowRefused } from './row-refusal.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);

/** What a write has made, or found to be as it should be. */
type Made = Exclude<Awaited<ReturnType<CustomerStore['create' | 'patch' | 'remove']>>, Refusal>;

const isMade = (result: Made | Refusal): result is Made =>
  ['created', 'updated', 'unchanged', 'deleted'].includes(result.outcome);

export type CustomerRoutesDeps = CustomerWritesDeps &
  ImportRouteDeps & { store: CustomerStore; deadlineMs: number };

export function customerRoutes(deps: CustomerRoutesDeps): Router {
  const { store, db, entity, systems, deadlineMs } = deps;
  const { answerWrite } = createCustomerWrites(deps);
  const madeBy = (result: Made | Refusal): MappedRow => {
    if (isMade(result)) return result.customer;
    throw refused(entity, result, systems);
  };
  const router = Router({ caseSensitive: true });
  const soon = answerWithin(deadlineMs);
  const checks = rowChecksOf(entity);
  const json = readJson();
  // A PATCH in plain JSON is a merge patch (RFC 7396): null empties a field.
  const jsonOrMergePatch = readJson(['application/json', 'application/merge-patch+json']);

  declareRoute(router, '/customers', {
    get: ['viewer', soon, listPage(deps)],
    post: [
      'editor',
      ...json,
      soon,
      async (req, res) => {
        const values = demand('body', checks.checkNew(req.body));
        await answerWrite([req, res], 201, async (origin) => madeBy(await store.create(values, origin)));
      },
    ],
  });

  declareRoute(router, '/customers/changes', { get: ['viewer', soon, listChanges(db, entity)] });

  declareRoute(router, '/customers/by-need', { get: ['viewer', soon, listByNeed(deps)] });

  declareRoute(router, '/customers/import', { post: ['editor', importCustomers(deps)] });

  declareRoute(router, '/customers/:id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const customer = await readRow(db, entity, idOf(req));
        if (!customer || customer.deletedAt) throw refused(entity, { outcome: 'gone' }, systems);
        sendCustomer(res, 200, customer, systems);
      },
    ],
    put: [
      'editor',
      ...json,
      soon,
      async (req, res) => {
        const [id, condition] = [idOf(req), ifMatchOf(req)];
        const values = replacing(entity, demand('body', checks.checkNew(req.body)));
        await answerWrite([req, res], 200, async (origin) =>
          madeBy(await store.replace(id, values, condition, origin)),
        );
      },
    ],
    patch: [
      'editor',
      ...jsonOrMergePatch,
      soon,
      async (req, res) => {
        const [id, condition] = [idOf(req), ifMatchOf(req)];
        const values = demand('body', checks.checkChange(req.body));
        await answerWrite([req, res], 200, async (origin) =>
          madeBy(await store.patch(id, values, condition, origin)),
        );
      },
    ],
    delete: [
      'editor',
      soon,
      async (req, res) => {
        const [id, condition] = [idOf(req), ifMatchOf(req)];
        await answerWrite([req, res], 204, async (origin) =>
          madeBy(await store.remove(id, condition, origin)),
        );
      },
    ],
  });
  return router;
}

function listPage({ db, entity, systems, basePath }: CustomerRoutesDeps): RequestHandler {
  const demandQuery = queryDemand(entity);
  return async (req, res) => {
    const { query, fields } = demandQuery(req);
    const { limit = PAGE_DEFAULT, after, updated_since: since } = query;
    const identity = query[entity.identity ?? ''];
    const found = await listRows(db, entity, {
      limit: limit + 1, // one more than asked for tells whether there is a next page
      ...(after !== undefined && { after }),
      ...(typeof identity === 'string' && { identity: tidiedText(entity, entity.identity ?? '', identity) }),
      ...(since !== undefined && { updatedSince: new Date(since) }),
      fields,
    });
    const page = pageOf(res, found, { limit, path: `${basePath}/customers`, query });
    sendJson(res, 200, listJson(page, systems));
  };
}

/** Checks the query whole: every problem of it is in one answer. */
function queryDemand(entity: Entity): (req: Request) => { query: CustomerQuery; fields: RowFields } {
  const querySchema = customerQuerySchemaOf(entity);
  const filters = filterSchemasOf(entity);
  const known = { ...querySchema, properties: { ...querySchema.properties, ...filters } };
  const checkQuery = compileCheck<CustomerQuery>(known);
  return (req) => {
    const query = queryOf(req, querySchema);
    const fields = readFilters(entity, query);
    const rest = checkQuery(without(query, ...Object.keys(filters)));
    const violations = [rest, fields].flatMap((each) => (each.ok ? [] : each.violations));
    if (!rest.ok || !fields.ok)
      return demand('query', { ok: false, violations: withHints(entity, violations) });
    return { query, fields: fields.value };
  };
}

function listJson(page: MappedRow[], systems: readonly string[]): Record<string, unknown>[] {
  return page.map((customer) => customerJson(customer, systems));
}

function sendCustomer(res: Response, status: number, customer: MappedRow, systems: readonly string[]): void {
  setHeader(res, 'ETag', entityTag(customer));
  sendJson(res, status, customerJson(customer, systems));
}

function idOf(req: Request): number {
  return demand('path', checkPath(paramsOf(req, customerPathSchema))).id;
}

function refused(entity: Entity, refusal: Refusal, systems: readonly string[]): Problem {
  switch (refusal.outcome) {
    case 'gone':
      return new Problem('customer_not_found', 'No customer has this id, or the customer was deleted.');
    case 'version_mismatch': {
      const { customer } = refusal;
      return new Problem(
        'version_mismatch',
        `The customer has version ${customer.version} now. Look at what changed (current), then send your change with the new ETag.`,
        { headers: { ETag: entityTag(customer) }, members: { current: customerJson(customer, systems) } },
      );
    }
    case 'duplicate_email':
      return identityTaken(entity, refusal.rivalId);
    case 'refused':
      return rowRefused(entity, refusal.refusal);
    case 'contended':
      return new Problem('contended', 'Nothing was changed. Send the request again.', {
        headers: { 'Retry-After': '1' },
      });
  }
}
