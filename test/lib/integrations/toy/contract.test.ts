import { openHarness } from '../../../support/toy/double/harness.ts';
import { capabilities } from '../../../support/toy/system/capabilities.ts';
import { describeContract } from '../contract.ts';

describeContract('toy', capabilities, openHarness);
