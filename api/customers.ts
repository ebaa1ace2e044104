// /customers: checks the request, calls the store, and writes the answer. The rules are in
// lib/customers/customers.ts.

import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Db } from '../db/server/connection.ts';
import { listRows, readRow, type MappedRow, type RowFields } from '../db/entities/rows.ts';
import type { CustomerStore, Origin, Refusal } from '../lib/customers/customers.ts';
import { compileCheck } from '../lib/catalogue/check.ts';
import { tidyEmail } from '../lib/catalogue/customer.ts';
import { replacing, rowChecksOf } from '../lib/catalogue/row-checks.ts';
import { without } from '../lib/without.ts';
import { actorOf } from './callers.ts';
import { readJson } from './body.ts';
import { listChanges } from './customer-changes.ts';
import { filterSchemasOf, readFilters, withHints } from './customer-filters.ts';
import {
  customerPathSchema,
  customerQuerySchemaOf,
  PAGE_DEFAULT,
  type CustomerQuery,
} from './customer-schemas.ts';
import { externalIdsOf, syncOf } from './customer-sync.ts';
import { answerWithin } from './deadline.ts';
import { ifMatchOf } from './if-match.ts';
import { bulkOf, demand, paramsOf, queryOf } from './input.ts';
import { pageOf } from './paging.ts';
import { Problem } from './problems.ts';
import { traceOf } from './requests.ts';
import { requestIdOf, sendJson, sendNothing } from './responses.ts';
import { declareRoute } from './routing.ts';
import { rowRefused } from './row-refusal.ts';

const checkPath = compileCheck<{ id: number }>(customerPathSchema);

export type CustomerRoutesDeps = {
  store: CustomerStore;
  db: Db;
  entity: Entity;
  /** The systems that are kept in step. */
  systems: readonly string[];
  basePath: string;
  deadlineMs: number;
};

export function customerRoutes(deps: CustomerRoutesDeps): Router {
  const { store, db, entity, systems, basePath, deadlineMs } = deps;
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
        const result = await store.create(values, originOf(req, res));
        if (result.outcome !== 'created') throw refused(result, systems);
        res.setHeader('Location', `${basePath}/customers/${result.customer.id}`);
        sendCustomer(res, 201, result.customer, systems);
      },
    ],
  });

  declareRoute(router, '/customers/changes', { get: ['viewer', soon, listChanges(db)] });

  declareRoute(router, '/customers/:id', {
    get: [
      'viewer',
      soon,
      async (req, res) => {
        const customer = await readRow(db, entity, idOf(req));
        if (!customer || customer.deletedAt) throw refused({ outcome: 'gone' }, systems);
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
        const result = await store.replace(id, values, condition, originOf(req, res));
        if (!('customer' in result) || result.outcome === 'version_mismatch') throw refused(result, systems);
        sendCustomer(res, 200, result.customer, systems);
      },
    ],
    patch: [
      'editor',
      ...jsonOrMergePatch,
      soon,
      async (req, res) => {
        const [id, condition] = [idOf(req), ifMatchOf(req)];
        const values = demand('body', checks.checkChange(req.body));
        const result = await store.patch(id, values, condition, originOf(req, res));
        if (!('customer' in result) || result.outcome === 'version_mismatch') throw refused(result, systems);
        sendCustomer(res, 200, result.customer, systems);
      },
    ],
    delete: [
      'editor',
      soon,
      async (req, res) => {
        const result = await store.remove(idOf(req), ifMatchOf(req), originOf(req, res));
        if (result.outcome !== 'deleted') throw refused(result, systems);
        sendNothing(res);
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
      ...(typeof identity === 'string' && { identity: tidyEmail(identity) }),
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

/**
 * A customer as the API shows it. `sync` has the state in each external system, and the reason of a
 * parked pair.
 */
export function customerJson(customer: MappedRow, systems: readonly string[]): Record<string, unknown> {
  return {
    id: customer.id,
    ...customer.fields,
    version: customer.version,
    created_at: customer.createdAt.toISOString(),
    updated_at: customer.updatedAt.toISOString(),
    external_mappings: externalIdsOf(customer),
    sync: syncOf(customer, systems),
  };
}

function listJson(page: MappedRow[], systems: readonly string[]): Record<string, unknown>[] {
  return page.map((customer) => customerJson(customer, systems));
}

function sendCustomer(res: Response, status: number, customer: MappedRow, systems: readonly string[]): void {
  res.setHeader('ETag', entityTag(customer));
  sendJson(res, status, customerJson(customer, systems));
}

function entityTag({ version }: MappedRow): string {
  return `"${version}"`;
}

function idOf(req: Request): number {
  return demand('path', checkPath(paramsOf(req, customerPathSchema))).id;
}

/** Who sent the request, for the context of the event. */
export function originOf(req: Request, res: Response): Origin {
  const [actor, trace, bulk] = [actorOf(req), traceOf(req), bulkOf(req)];
  return {
    context: {
      request_id: requestIdOf(res),
      ...(actor && { actor }),
      ...(trace && { trace }),
      ...(bulk && { bulk }),
    },
  };
}

function refused(refusal: Refusal, systems: readonly string[]): Problem {
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
    case 'duplicate_email': {
      const detail = `is the email of customer ${refusal.rivalId}`;
      return new Problem('duplicate_email', `Customer ${refusal.rivalId} has this email already.`, {
        errors: [{ in: 'body', pointer: '/email', code: 'unique', detail, customer_id: refusal.rivalId }],
      });
    }
    case 'refused':
      return rowRefused(refusal.refusal);
    case 'contended':
      return new Problem('contended', 'Nothing was changed. Send the request again.', {
        headers: { 'Retry-After': '1' },
      });
  }
}
