// Every page and every act, a line for each file of pages/. Paths are below /console.

import type { ActRoute, PageRoute } from './page.ts';
import { customerPage } from './pages/customer.ts';
import { customersPage } from './pages/customers.ts';

export const pages: readonly PageRoute[] = [customersPage, customerPage];

export const acts: readonly ActRoute[] = [];
