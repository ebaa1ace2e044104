import type { Defect } from './defect.ts';

/**
 * Mistakes about special records of Stripe: ids of the account's choice, customers of test clocks.
 */
export const recordDefects: Defect[] = [
  {
    name: 'an id sent that names another part of the API',
    edits: [
      {
        file: 'lib/integrations/stripe/customer-id.ts',
        find: `const OTHER_RESOURCES = ['search'];`,
        replace: `const OTHER_RESOURCES: string[] = [];`,
      },
    ],
    caughtBy: {
      file: 'test/lib/integrations/stripe/customer-id.test.ts',
      title: 'search" cannot be sent, and the reason says why',
    },
  },
  {
    name: 'customers of test clocks left out of the list',
    edits: [
      {
        file: 'lib/integrations/stripe/list.ts',
        find: `if (livemode || window.createdFrom !== undefined) return;`,
        replace: `if (!livemode || window.createdFrom !== undefined) return;`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/chosen-ids.test.ts',
      title: 'gets the customer of a test clock, and no second one',
    },
  },
];
