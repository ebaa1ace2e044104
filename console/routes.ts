// Every page and every act, a line for each file of pages/. Paths are below /console.

import type { ActRoute, PageRoute } from './page.ts';
import { auditPage } from './pages/audit.ts';
import { customerPage } from './pages/customer.ts';
import { customersPage } from './pages/customers.ts';
import { findPage } from './pages/find.ts';
import { healthPage } from './pages/health.ts';
import { laneActs } from './pages/lanes.ts';
import { overviewPage } from './pages/overview.ts';

export const pages: readonly PageRoute[] = [
  overviewPage,
  customersPage,
  customerPage,
  healthPage,
  auditPage,
  findPage,
];

export const acts: readonly ActRoute[] = [...laneActs];
