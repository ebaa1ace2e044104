/** Control routes for edits as a person makes them, with the parameters of the API as JSON. */
import type { Request, Router } from 'express';
import type { ControlParts } from './parts.ts';
import { badControl } from './body.ts';
import type { Edit } from './dashboard.ts';

export function addDashboardRoutes(router: Router, { dashboard }: ControlParts): void {
  router.post('/dashboard/customers', (request, response) => {
    const { params, account } = readEdit(request);
    response.status(201).json(dashboard.createCustomer(params, account));
  });
  router.post('/dashboard/customers/:id', (request, response) => {
    const { params, account } = readEdit(request);
    response.json(dashboard.updateCustomer(request.params.id, params, account));
  });
  router.delete('/dashboard/customers/:id', (request, response) => {
    dashboard.deleteCustomer(request.params.id, readEdit(request).account);
    response.status(204).end();
  });
}

function readEdit(request: Request): { params: Edit; account: string | undefined } {
  const body: unknown = request.body ?? {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badControl('The body must be an object.');
  const account = new URL(request.originalUrl, 'http://localhost').searchParams.get('account') ?? undefined;
  return { params: body as Edit, account }; // every JSON value is allowed in an edit
}
