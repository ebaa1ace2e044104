// Toy as the rest of the program knows it before it speaks to it. Most of what speaks to Toy is not
// loaded until it is needed.
import type { Catalogue } from '../../../../lib/catalogue/catalogue.ts';
import type { MappingDocument } from '../../../../lib/catalogue/document.ts';
import type { Config } from '../../../../lib/config/config.ts';
import type { SystemAccess, SystemDefinition } from '../../../../lib/integrations/definition.ts';
import type { ToySettings } from '../settings.ts';
import { createToyAuth } from './auth.ts';
import { externalType, namesToRead } from './document.ts';
import { documentOf, toyMappings } from './mappings.ts';

/** The part of the settings that this file reads. */
type Given = Config & { toy: ToySettings };

/** How far back the list of events goes, in days. */
const EVENTS_KEPT_DAYS = 7;

export const toy = {
  name: 'toy',
  label: 'Toy',
  externalType,
  eventsKeptDays: EVENTS_KEPT_DAYS,
  missing:
    'TOY_URL and TOY_TOKEN: where Toy is, and the token of the account whose people are kept the same (or TOY_CLIENT_SECRET, for tokens that change)',
  lookAt: 'Look at TOY_URL, TOY_TOKEN and the network.',
  signatureHeaders: ['Toy-Signature', 'Toy-Time'],

  isEnabled: ({ toy: given }: Given) => (given.url ?? given.token ?? given.clientSecret) !== undefined,

  settings: ({ toy: given }: Given) => ({
    writes: given.writes,
    pulls: given.pulls,
    deletes: given.deletePolicy,
    deletesIn: given.deletesIn,
    linkByEmail: given.linkByEmail,
    looksBeforeCreate: given.looksBeforeCreate,
    imports: given.imports,
    rates: { account: given.rateLimit, endpoint: given.rateLimit },
  }),

  findAccess({ toy: { url, token, clientSecret }, catalogue }: Given) {
    if (url === undefined || (token ?? clientSecret) === undefined) return null;
    return accessBy({ address: url, token, clientSecret, standIn: null, document: documentOf(catalogue) });
  },
  standInAt: (address: string, catalogue: Catalogue) =>
    accessBy({ address, token: STAND_IN_TOKEN, standIn: address, document: documentOf(catalogue) }),
  // A double of the tests listens on this machine; any other address is an account of real people.
  isLive: ({ toy: { url } }: Given) =>
    url !== undefined && !/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(`${url}/`),
  standInAdvice: (address: string) =>
    `TOY_TOKEN is not set, so the double at ${address} is used in place of Toy: set TOY_URL and TOY_TOKEN`,

  mappings: toyMappings,
  document: documentOf,

  async intake(instanceId: string, catalogue: Catalogue) {
    const { createIngress } = await import('./ingress.ts');
    const { createTags } = await import('./record.ts');
    const document = documentOf(catalogue);
    const reading = { names: namesToRead(document), tags: createTags(instanceId) };
    return { system: 'toy', document, ingress: createIngress(reading) };
  },

  webhookSecrets: ({ toy: given }: Given) => [...given.webhookSecrets],
} as const satisfies SystemDefinition;

/** Obviously made up. */
const STAND_IN_TOKEN = 'toy-token';

interface Place {
  address: string;
  token?: string | undefined;
  /** In place of a token. */
  clientSecret?: string | undefined;
  standIn: string | null;
  document: MappingDocument;
}

function accessBy({ address, token, clientSecret, standIn, document }: Place): SystemAccess {
  const url = address.replace(/\/$/, '');
  return {
    system: toy,
    standIn,
    ...(clientSecret !== undefined && { auth: createToyAuth({ url, clientSecret }) }),
    async integrate(instanceId, authorize) {
      const { createToyIntegration } = await import('./toy.ts');
      return createToyIntegration({ url, token, authorize, instanceId, document });
    },
    async examine(options) {
      const { examineToy } = await import('./examine.ts');
      return await examineToy({ url, token, authorize: options.authorize }, options);
    },
  };
}
