import { parseDocument, type FieldRule } from '../../../lib/catalogue/document.ts';

const rule = (internal: string, external: string): Omit<FieldRule, 'field'> => ({
  ...{ internal, external, direction: 'both', conflict: 'internal_wins', onNull: 'keep' },
  ...{ toExternal: [], toInternal: [], compare: [], fallback: [], maxLength: null, owner: null },
});

export const toyDocument = () =>
  parseDocument({
    ...{ id: 'toy.customer@1', system: 'toy', entity: 'customer', externalType: 'person' },
    fields: [rule('name', 'full_name'), rule('email', 'mail')],
  });
