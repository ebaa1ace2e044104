// The system that stands beside the one that the contract is about: Stripe, and Toy beside Stripe.
import { openHarness as openToy } from '../../support/toy/double/harness.ts';
import type { ContractHarness } from './contract-harness.ts';
import { openContractHarness as openStripe } from './stripe/harness.ts';

export function openNeighbour(system: string): Promise<ContractHarness> {
  return system === 'stripe' ? openToy() : openStripe();
}
