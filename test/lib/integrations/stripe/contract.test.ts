import { describeContract } from '../contract.ts';
import { openContractHarness } from './harness.ts';

describeContract('stripe', openContractHarness);
