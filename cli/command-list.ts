// Every command with what it is for, as `twinbox --help` shows it. The file of a command is loaded when
// that command is asked for: the help, a misspelt command and the completion load none of them.
import type { CommandContext } from './command-context.ts';

export type ListedCommand = {
  /** The heading under which the help lists it. */
  group: string;
  about: string;
  add(context: CommandContext): Promise<void>;
};

const LOOK = 'See what happens:';
const DECIDE = 'Decide:';
const DATA = 'Customers:';
const SYSTEM = 'Begin with:';
const SETUP = 'Set up:';
const DEVELOP = 'Develop:';

/** In the order of the help. */
export const commands: Readonly<Record<string, ListedCommand>> = {
  up: {
    group: SYSTEM,
    about: 'start everything in this one process, and keep running',
    add: async (context) => (await import('./commands/up.ts')).addUp(context),
  },
  demo: {
    group: SYSTEM,
    about: 'show the whole of Twinbox once on real data, with a crash in the middle; in a folder of its own',
    add: async (context) => (await import('./commands/demo.ts')).addDemo(context),
  },
  status: {
    group: LOOK,
    about: 'show which processes run, what is on its way and what needs a person',
    add: async (context) => (await import('./commands/status.ts')).addStatus(context),
  },
  top: {
    group: LOOK,
    about: 'watch lanes, rates, lag and quotas; on a terminal the picture is drawn anew',
    add: async (context) => (await import('./commands/top.ts')).addTop(context),
  },
  tail: {
    group: LOOK,
    about: 'show changes as they happen, until Ctrl-C',
    add: async (context) => (await import('./commands/tail.ts')).addTail(context),
  },
  events: {
    group: LOOK,
    about: 'list events, or follow one event from its request to its echo',
    add: async (context) => (await import('./commands/events.ts')).addEvents(context),
  },
  groups: {
    group: LOOK,
    about: 'what needs a person, by its cause: how many, since when, what it means, how it is cured',
    add: async (context) => (await import('./commands/groups.ts')).addGroups(context),
  },
  timeline: {
    group: LOOK,
    about: 'tell the story of one customer: requests, events, calls, echoes, conflicts, operators',
    add: async (context) => (await import('./commands/timeline.ts')).addTimeline(context),
  },
  explain: {
    group: LOOK,
    about:
      'show the state of a customer: both sides, what would be done now, why it is not done, what you can do',
    add: async (context) => (await import('./commands/explain.ts')).addExplain(context),
  },
  verify: {
    group: LOOK,
    about: 'compare every customer with the external systems; only reads, unless --repair is given',
    add: async (context) => (await import('./commands/verify.ts')).addVerify(context),
  },
  doctor: {
    group: LOOK,
    about: 'check settings, connections, clocks, webhooks and rights, and say how to fix each problem',
    add: async (context) => (await import('./commands/doctor.ts')).addDoctor(context),
  },
  lanes: {
    group: LOOK,
    about: 'show for each system and direction whether it runs, and if not, since when and why',
    add: async (context) => (await import('./commands/lanes.ts')).addLanes(context),
  },
  audit: {
    group: LOOK,
    about: 'who did what, when and why',
    add: async (context) => (await import('./commands/audit.ts')).addAudit(context),
  },
  replay: {
    group: DECIDE,
    about: 'show what is parked and what another attempt would do; with --yes try again',
    add: async (context) => (await import('./commands/replay.ts')).addReplay(context),
  },
  replays: {
    group: DECIDE,
    about: 'the replays that workers do: list them, show one, pause, resume and cancel',
    add: async (context) => (await import('./commands/replays.ts')).addReplays(context),
  },
  resolve: {
    group: DECIDE,
    about:
      'decide about customers that are parked or wait: create a new record, detach the pair, or name the record',
    add: async (context) => (await import('./commands/resolve.ts')).addResolve(context),
  },
  deletes: {
    group: DECIDE,
    about: 'list the deletes that wait for a decision; release them, take them back, or detach the pairs',
    add: async (context) => (await import('./commands/deletes.ts')).addDeletes(context),
  },
  conflicts: {
    group: DECIDE,
    about: 'list the values that were given up in a merge, and reverse one',
    add: async (context) => (await import('./commands/conflicts.ts')).addConflicts(context),
  },
  link: {
    group: DECIDE,
    about:
      'link records at the systems with customers in our table: the first time, and those that wait for consent',
    add: async (context) => (await import('./commands/link.ts')).addLink(context),
  },
  pause: {
    group: DECIDE,
    about: 'stop the work of a system, of one direction or of one customer; changes are kept and sent later',
    add: async (context) => (await import('./commands/pause.ts')).addPause(context),
  },
  resume: {
    group: DECIDE,
    about: 'end a pause: of a system, of one direction or of one customer',
    add: async (context) => (await import('./commands/pause.ts')).addResume(context),
  },
  customers: {
    group: DATA,
    about: 'follow the changes of all customers, in the order of their commits',
    add: async (context) => (await import('./commands/customers.ts')).addCustomers(context),
  },
  import: {
    group: DATA,
    about: 'import customers from a CSV file: one of your own, or an export of another program',
    add: async (context) => (await import('./commands/import.ts')).addImport(context),
  },
  migrate: {
    group: SETUP,
    about: 'bring the database to the schema of this version; `up` does this for an embedded database',
    add: async (context) => (await import('./commands/migrate.ts')).addMigrate(context),
  },
  connect: {
    group: SETUP,
    about: 'show which account the database belongs to, or move the database to another account',
    add: async (context) => (await import('./commands/connect.ts')).addConnect(context),
  },
  credentials: {
    group: SETUP,
    about: 'show or set the credential of a system whose credentials change',
    add: async (context) => (await import('./commands/credentials.ts')).addCredentials(context),
  },
  keys: {
    group: SETUP,
    about: 'make, list, revoke and replace keys of the API',
    add: async (context) => (await import('./commands/keys.ts')).addKeys(context),
  },
  config: {
    group: SETUP,
    about: 'check the settings and the file of your own tables, fields and mappings',
    add: async (context) => (await import('./commands/config.ts')).addConfig(context),
  },
  mapping: {
    group: SETUP,
    about: 'try what a mapping does to values; nothing is changed anywhere',
    add: async (context) => (await import('./commands/mapping.ts')).addMapping(context),
  },
  relay: {
    group: SETUP,
    about: 'state what a restored database is, that another bus is to be used, or divide the relay',
    add: async (context) => (await import('./commands/relay.ts')).addRelay(context),
  },
  topics: {
    group: SETUP,
    about: 'create the topics of Kafka that are missing, check the others, and list them',
    add: async (context) => (await import('./commands/topics.ts')).addTopics(context),
  },
  completion: {
    group: SETUP,
    about: 'print the completion of this command for bash, zsh or fish',
    add: async (context) => (await import('./commands/completion.ts')).addCompletion(context),
  },
  simulator: {
    group: DEVELOP,
    about: 'run the Stripe simulator as a process of its own; `up` has a simulator inside',
    add: async (context) => (await import('./commands/simulator.ts')).addSimulator(context),
  },
  repl: {
    group: DEVELOP,
    about:
      'a JavaScript prompt with the database, the engine and the simulator as variables; for development only',
    add: async (context) => (await import('./commands/repl.ts')).addRepl(context),
  },
};
