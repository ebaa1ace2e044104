import { describeContract } from '../contract.ts';
import { openContractHarness } from './harness.ts';

describeContract(
  'stripe',
  { creates: 'key', updates: 'key', deletes: 'delete', quota: false, merges: false },
  openContractHarness,
  { without: ['rivals', 'budgets'] },
);
