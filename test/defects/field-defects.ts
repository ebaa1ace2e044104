import type { Defect } from './defect.ts';

const FIELDS = 'test/lib/integrations/stripe/fields.test.ts';

/** Mistakes about which fields a mapping document names, and about fields that Stripe takes together. */
export const fieldDefects: Defect[] = [
  {
    name: 'a mapped field that our table does not have',
    edits: [
      {
        file: 'lib/catalogue/document.ts',
        find: `    known.includes(internal)
      ? []`,
        replace: `    known.length > 0
      ? []`,
      },
    ],
    caughtBy: {
      file: 'test/lib/catalogue/document.test.ts',
      title: 'with a field that the entity does not have is refused with its name',
    },
  },
  {
    name: 'an old event that a transform cannot read stops its pair for ever',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `const value = fromExternalIfAble(rule, after[rule.external] ?? null);`,
        replace: `const value = fromExternal(rule, after[rule.external] ?? null);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/own-transforms.test.ts',
      title: 'where their record has it and the transform throws null',
    },
  },
  {
    name: 'an address sent without the parts that did not change',
    edits: [
      {
        file: 'lib/integrations/stripe/write-fields.ts',
        find: `else if (kept.includes(name)) put(`,
        replace: `else if (kept.length === 0) put(`,
      },
    ],
    caughtBy: { file: FIELDS, title: 'a hash is replaced address.city changes and is cleared alone' },
  },
  {
    name: 'a part that an event does not name taken for one that was empty',
    edits: [
      {
        file: 'lib/integrations/stripe/read-field.ts',
        find: `return { said: false, value: null };`,
        replace: `return { said: true, value: null };`,
      },
    ],
    caughtBy: { file: FIELDS, title: 'names in an update only what changed' },
  },
  {
    name: 'the rest of a group not read',
    edits: [
      {
        file: 'lib/integrations/stripe/document.ts',
        find: `[...named, ...groupsOf(document).flat(), 'email']`,
        replace: `[...named, 'email']`,
      },
    ],
    caughtBy: {
      file: 'test/lib/integrations/stripe/any-fields.test.ts',
      title: 'comes back as it was written, and leaves every other field as it was',
    },
  },
];
