// Toy and its double with other promises: whoever changes a line of capabilities.ts finds that the
// double follows, and that the tests of the new promise pass.
import type { Capabilities } from '../../../../lib/integrations/integration.ts';
import { openHarness } from '../../../support/toy/double/harness.ts';
import { capabilities } from '../../../support/toy/system/capabilities.ts';
import { describeContract } from '../contract.ts';

const VARIANTS: Record<string, Partial<Capabilities>> = {
  'toy with unique tags, without keys, that archives': {
    ...{ creates: 'unique-tag', updates: 'none', deletes: 'archive', requestLifeMs: 0 },
  },
  'toy without any promise for creates, with versions, that deletes nothing': {
    ...{ creates: 'none', updates: 'version', deletes: 'none', requestLifeMs: 0 },
  },
};

for (const credential of ['rotating', 'minted'] as const)
  describeContract(
    `toy with a credential that is ${credential}`,
    capabilities,
    () => openHarness({}, { credential }),
    { credential },
  );

for (const [title, changes] of Object.entries(VARIANTS))
  describeContract(title, { ...capabilities, ...changes }, () => openHarness(changes));

describeContract('toy with a cursor', capabilities, () => openHarness({}, { feedBy: 'cursor' }), {
  feedBy: 'cursor',
});
