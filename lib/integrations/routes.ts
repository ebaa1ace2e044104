// The part of the contract about the routes of a system's calls (integration.ts): for spans, which show
// what was called without the id of a record.

/** What the engine asks a system for. */
export type CallName =
  | 'identify'
  | 'read'
  | 'create'
  | 'update'
  | 'delete'
  | 'list'
  | 'look'
  | 'search'
  | 'events';

/** How a call is made over HTTP: the method, a space and the template of the path. */
export type Routes = Readonly<Partial<Record<CallName, string>>>;
