import type { Defect } from './defect.ts';

const TEST = 'test/console/console.test.ts';

/** Mistakes in what every page and every form of the console stands on. */
export const consoleDefects: Defect[] = [
  {
    name: 'the console: a quote of a person ends an attribute',
    edits: [{ file: 'console/html.ts', find: `/[&<>"']/g`, replace: `/[&<>]/g` }],
    caughtBy: { file: 'test/console/html.test.ts', title: 'escapes whatever no template made' },
  },
  {
    name: 'the console: any token of the right length is one of ours',
    edits: [
      {
        file: 'console/session.ts',
        find: `bytes.length === right.length && timingSafeEqual(bytes, right)`,
        replace: `bytes.length === right.length`,
      },
    ],
    caughtBy: { file: 'test/console/session.test.ts', title: 'has form tokens of its own' },
  },
  {
    name: 'the console: a form needs no token',
    edits: [
      {
        file: 'console/gate.ts',
        find: `if (!seals.isToken(binding, form.get('token') ?? ''))`,
        replace: `if (binding === '' && !seals.isToken(binding, form.get('token') ?? ''))`,
      },
    ],
    caughtBy: { file: TEST, title: 'refuses forms of other sites' },
  },
  {
    name: 'the console: another name of the same site may send forms',
    edits: [
      {
        file: 'console/gate.ts',
        find: `return site === 'same-origin';`,
        replace: `return site.startsWith('same-');`,
      },
    ],
    caughtBy: { file: TEST, title: 'refuses forms of other sites' },
  },
  {
    name: 'the console: a page of any name sees what needs no key',
    edits: [
      {
        file: 'console/gate.ts',
        find: `if (isOpen && !anyHost && !isLoopback(host))`,
        replace: `if (isOpen && !anyHost && host === '')`,
      },
    ],
    caughtBy: { file: TEST, title: 'answers to no foreign name' },
  },
  {
    name: 'the console: a session never ends',
    edits: [
      { file: 'console/session.ts', find: `until <= now.getTime()`, replace: `until < -now.getTime()` },
    ],
    caughtBy: { file: 'test/console/session.test.ts', title: 'is over after 12 hours' },
  },
  {
    name: 'the console: one page more than there is place for is kept up to date',
    edits: [{ file: 'console/changes.ts', find: `listeners() >= most`, replace: `listeners() > most` }],
    caughtBy: { file: 'test/console/changes.test.ts', title: 'has no place for one listener more' },
  },
  {
    name: 'the console: a form that is sent twice acts twice',
    edits: [
      {
        file: 'console/console.ts',
        find: `/^[\\w-]{24}$/.test(given) ? given : randomId()`,
        replace: `randomId()`,
      },
    ],
    caughtBy: { file: TEST, title: 'keeps a form over a log-in, and does it once' },
  },
  {
    name: 'the console: a refused form says not how many need a person',
    edits: [
      {
        file: 'console/drawing.ts',
        find: `await (asked ?? standingOf(visit))`,
        replace: `await (asked ?? (visitor.key === '' ? standingOf(visit) : null))`,
      },
    ],
    caughtBy: { file: 'test/console/standing.test.ts', title: 'say how many need a person' },
  },
  {
    name: 'the console: what was typed for a replay goes with its group',
    edits: [
      {
        file: 'console/pages/replay-plan.ts',
        find: `gone.code !== 'group_not_found'`,
        replace: `gone.code !== 'plan_not_found'`,
      },
    ],
    caughtBy: {
      file: 'test/console/pages/replays.test.ts',
      title: 'keeps what was typed where the group of a stale plan has gone',
    },
  },
  {
    name: 'the console: a form that is offered again is another one to the API',
    edits: [{ file: 'console/console.ts', find: `[...own, ['once', once]]`, replace: `own` }],
    caughtBy: {
      file: 'test/console/forms.test.ts',
      title: 'offers a form again whose answer did not come',
    },
  },
];
