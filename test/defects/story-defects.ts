import type { Defect } from './defect.ts';

/** Mistakes in what the lists of events, the timelines and the error groups tell. */
export const storyDefects: Defect[] = [
  {
    name: 'a cursor taken for any list and filter',
    edits: [
      {
        file: 'lib/operations/list-cursor.ts',
        find: `checksum(of, body) !== text.slice(end + 1)`,
        replace: `text.slice(end + 1) === ''`,
      },
    ],
    caughtBy: {
      file: 'test/api/events.test.ts',
      title: `refuses a cursor that was changed, or that another filter got`,
    },
  },
  {
    name: 'every event read between two rare deliveries',
    edits: [
      {
        file: 'db/events/list.ts',
        find: `where e.id = d.sync_event_id and \${ofEvent(filter)} offset 0) e`,
        replace: `where e.id = d.sync_event_id and \${ofEvent(filter)}) e`,
      },
    ],
    caughtBy: {
      file: 'test/db/events/list-plans.test.ts',
      title: `reads few rows for the events in a rare state`,
    },
  },
  {
    name: 'silence about what retention has taken',
    edits: [
      {
        file: 'lib/operations/story.ts',
        find: `createdAt < from ? from : null`,
        replace: `createdAt > from ? from : null`,
      },
    ],
    caughtBy: {
      file: 'test/api/timelines.test.ts',
      title: `says what retention has taken, and not that there was nothing`,
    },
  },
];
