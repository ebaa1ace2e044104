// The toy as the rest of the program knows a system. Its address is no setting: a test gives it.
import { checks } from '../../../lib/finding.ts';
import type { SystemAccess, SystemDefinition } from '../../../lib/integrations/definition.ts';
import { toyDocument } from './document.ts';
import { createToyIntegration } from './integration.ts';
import { TOY_SECRET } from './webhook.ts';

export function defineToy(url: string | null, { enabled = true } = {}): SystemDefinition {
  const toy: SystemDefinition = {
    name: 'toy',
    label: 'Toy',
    externalType: 'person',
    eventsKeptDays: 7,
    isEnabled: () => enabled,
    settings: () => ({
      ...{ writes: true, pulls: true, deletes: 'delete', linkByEmail: 'ask', looksBeforeCreate: false },
      deletesIn: undefined,
      ...{ imports: true, rates: { account: undefined, endpoint: undefined } },
    }),
    findAccess: () => (url === null ? null : accessAt(url)),
    standInAt: accessAt,
    isLive: () => false,
    missing: 'TOY_URL: where the toy is',
    lookAt: 'Look at the toy.',
    standInAdvice: (address) => `the toy is at ${address}`,
    document: toyDocument,
    // Nothing is asked there: an event is only taken in.
    intake: (instanceId) => Promise.resolve(createToyIntegration({ url: url ?? '', instanceId })),
    webhookSecrets: () => [TOY_SECRET],
    signatureHeaders: ['Toy-Signature', 'Toy-Time'],
  };
  function accessAt(address: string): SystemAccess {
    return {
      system: toy,
      standIn: null,
      integrate: (instanceId) => Promise.resolve(createToyIntegration({ url: address, instanceId })),
      examine: () =>
        Promise.resolve({
          rights: [checks.ok('key rights', 'may do everything')],
          ...{ clock: null, webhooks: [], mayIdentify: true },
        }),
    };
  }
  return toy;
}
