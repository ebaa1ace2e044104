/** Mistakes about the documents of the API, and about their pages. */
import type { Defect } from './defect.ts';

export const documentDefects: readonly Defect[] = [
  {
    name: 'a code of a refusal that the document does not have for its operation',
    edits: [
      {
        file: 'api/openapi-customers.ts',
        find: `...ofBody, 'contended', identityProblem`,
        replace: `...ofBody, identityProblem`,
      },
    ],
    caughtBy: {
      file: 'test/api/problem-codes.test.ts',
      title: 'include contended, where other writers leave no try',
    },
  },
  {
    name: 'the topics described without their prefix',
    edits: [{ file: 'api/asyncapi.ts', find: `address: prefix + topic,`, replace: `address: topic,` }],
    caughtBy: {
      file: 'test/api/documents.test.ts',
      title: 'of the topics has each topic that the relay writes to, and examples that a worker reads',
    },
  },
  {
    name: 'a page whose reader asks another host for an image',
    edits: [
      {
        file: 'api/pages/assets.ts',
        find: `instead === null ? whole :`,
        replace: `instead !== undefined ? whole :`,
      },
    ],
    caughtBy: {
      file: 'test/api/pages/pages.test.ts',
      title: 'ask for a key once, show their documents, make a call with the key, and ask no other host',
    },
  },
];
