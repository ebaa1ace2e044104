// Every page and every act, a line for each file of pages/. Paths are below /console.

import type { ActRoute, PageRoute } from './page.ts';
import { attentionPage } from './pages/attention.ts';
import { auditPage } from './pages/audit.ts';
import { comparisonActs, comparisonPage } from './pages/comparison.ts';
import { conflictActs, conflictPage } from './pages/conflict.ts';
import { conflictsPage } from './pages/conflicts.ts';
import { customerPage } from './pages/customer.ts';
import { customersPage } from './pages/customers.ts';
import { eventPage } from './pages/event.ts';
import { eventsPage } from './pages/events.ts';
import { findPage } from './pages/find.ts';
import { groupActs, groupPage } from './pages/group.ts';
import { healthPage } from './pages/health.ts';
import { laneActs } from './pages/lanes.ts';
import { linkActs, linkPage } from './pages/link.ts';
import { linkPlanActs, linkPlanPage } from './pages/link-plan.ts';
import { mappingPage } from './pages/mapping.ts';
import { overviewPage } from './pages/overview.ts';
import { pairActPages, pairActs } from './pages/pair-acts.ts';
import { refusalsPage } from './pages/refusals.ts';
import { unmatchedPage } from './pages/unmatched.ts';
import { newReplayActs, newReplayPage } from './pages/replay-new.ts';
import { planActs, planPage } from './pages/replay-plan.ts';
import { replayActs, replayPage } from './pages/replay.ts';
import { replaysPage } from './pages/replays.ts';

export const pages: readonly PageRoute[] = [
  overviewPage,
  customersPage,
  customerPage,
  comparisonPage,
  conflictsPage,
  conflictPage,
  mappingPage,
  ...pairActPages,
  refusalsPage,
  unmatchedPage,
  linkPage,
  linkPlanPage,
  eventsPage,
  eventPage,
  attentionPage,
  groupPage,
  newReplayPage,
  planPage,
  replaysPage,
  replayPage,
  healthPage,
  auditPage,
  findPage,
];

export const acts: readonly ActRoute[] = [
  ...laneActs,
  ...conflictActs,
  ...comparisonActs,
  ...linkActs,
  ...linkPlanActs,
  ...pairActs,
  ...groupActs,
  ...newReplayActs,
  ...planActs,
  ...replayActs,
];
