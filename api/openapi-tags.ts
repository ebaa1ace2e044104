// Groups of operations, for the readers of the document: by the first part of a path.
import type { Json } from './openapi-parts.ts';

/** What the groups are about; a group that is not here has its name alone. */
const ABOUT: Record<string, string> = {
  customers: 'The rows, their changes and their stories.',
  conflicts: 'Values that were not kept.',
  comparisons: 'What a comparison of one customer has found.',
  'link-plans': 'The first link of both sides: what it would do, and the consent.',
  mappings: 'Pairs of a row and a record that wait for a person.',
  events: 'What happened, newest first.',
  deliveries: 'The outcome of each event at each target.',
  attempts: 'The calls to external systems.',
  refusals: 'Inbound events that were refused.',
  groups: 'What needs a person, by its cause.',
  changes: 'What changes, as it happens or after a position.',
  replays: 'Replays: their progress, and how they are steered.',
  'replay-plans': 'What a replay would do, before it begins.',
  lanes: 'The work for each system: whether it runs, and pauses.',
  traffic: 'What went through each system in the last minute.',
  audit: 'Who did what, when and why.',
  overview: 'How everything stands.',
  samples: 'Figures of each minute of the last hour.',
  find: 'What has an id.',
  keys: 'Who may use this API.',
  me: 'Who sends the request.',
  webhooks: 'For external systems.',
  process: 'The process that answers: its state, and its documents.',
};

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** The paths with a group for each operation, and the list of the groups in the order of the paths. */
export function tagged(paths: Json): { tags: Json[]; paths: Json } {
  const names = new Set(Object.keys(paths).map(groupOf));
  return {
    tags: [...names].map((name) => ({ name, ...(ABOUT[name] && { description: ABOUT[name] }) })),
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [
        path,
        Object.fromEntries(
          Object.entries(item as Json).map(([key, value]) => [
            key,
            METHODS.includes(key) ? { tags: [groupOf(path)], ...(value as Json) } : value,
          ]),
        ),
      ]),
    ),
  };
}

function groupOf(path: string): string {
  const first = /^\/api\/v1\/([a-z-]+)/.exec(path)?.[1] ?? '';
  return /\.json$/.test(path) || first === '' ? 'process' : first;
}
