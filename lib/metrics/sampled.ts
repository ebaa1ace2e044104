// What is read from the database, the same by every process: take the max.
import { laneStates } from '../operations/lane-list.ts';
import { system, direction, circuitStates, type Metric } from './labels.ts';

export const sampled = {
  sync_consumer_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that is published and that no worker has received; 0 if there is none.',
    labels: {},
    answers: 'Is a worker dead or stuck?',
  },
  sync_outbox_oldest_unpublished_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest committed event that is not published; 0 if there is none.',
    labels: {},
    answers: 'Is the relay dead?',
  },
  sync_outbox_backlog: {
    kind: 'gauge',
    help: 'Committed events that are not published; at most 10,000 are counted.',
    labels: {},
    answers: 'Is the relay dead?',
  },
  sync_outbox_last_id: {
    kind: 'gauge',
    help: 'The newest number of an event: drawn, and passed by the relay.',
    labels: { point: { of: ['stored', 'published'] } },
    answers: 'Is the relay dead?',
  },
  sync_relay_xmin_horizon_age_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest open transaction in the database that this role may see.',
    labels: {},
    answers: 'Does a stuck transaction hold the relay and the vacuum back?',
  },
  sync_system_budget_tokens: {
    kind: 'gauge',
    help: 'Rate tokens of the account that are left, as of the last time that a worker took some.',
    labels: { system },
    answers: 'Does the rate limit hold us back?',
  },
  sync_system_rate_share: {
    kind: 'gauge',
    help: 'The part of the full rate that is used at present; below 1 after the system refused calls.',
    labels: { system },
    answers: 'Does the rate limit hold us back?',
  },
  sync_circuit_state: {
    kind: 'gauge',
    help: '1 for the state that the circuit breaker of the account is in, else 0.',
    labels: { system, state: { of: circuitStates } },
    answers: 'Is the system away, or does it refuse our key?',
  },
  sync_lane_state: {
    kind: 'gauge',
    help: '1 for the state that a lane is in, else 0.',
    labels: { system, direction, state: { of: laneStates } },
    answers: 'Does a lane run, and if not, why?',
  },
  sync_lane_pending: {
    kind: 'gauge',
    help: 'Pairs that a worker is to look at; at most 10,000 are counted.',
    labels: { system, direction },
    answers: 'How much waits?',
  },
  sync_dead_letters: {
    kind: 'gauge',
    help: 'Pairs that are parked: each waits for an edit or a person.',
    labels: { system },
    answers: 'Which customers need a person?',
  },
  sync_blocked_keys: {
    kind: 'gauge',
    help: 'Pairs that wait for something that has to come first.',
    labels: { system },
    answers: 'Which customers are held up?',
  },
  sync_error_groups_open: {
    kind: 'gauge',
    help: 'Groups of pairs with the same trouble that no person has closed.',
    labels: { system },
    answers: 'How many causes are there to look at?',
  },
  sync_replay_events_total: {
    kind: 'counter',
    help: 'Pairs of replay jobs by what became of them.',
    labels: { result: { of: ['done', 'failed', 'skipped'] } },
    answers: 'Does a replay help?',
  },
  sync_replay_active: {
    kind: 'gauge',
    help: 'Replay jobs that run or are paused.',
    labels: {},
    answers: 'Does a replay run?',
  },
  sync_reconcile_last_success_timestamp_seconds: {
    kind: 'gauge',
    help: "When the system's own list of events was last read without a problem, in seconds since 1970.",
    labels: { system },
    answers: 'Is loss looked for, continuously?',
  },
  sync_reconcile_diverged: {
    kind: 'gauge',
    help: '1 while a stretch of events is known to be lost and its pairs are not compared yet, else 0.',
    labels: { system },
    answers: 'Is anything lost?',
  },
  sync_reconcile_found_events: {
    kind: 'gauge',
    help: 'Events that the sweep found and no webhook had brought, since webhooks last worked.',
    labels: { system },
    answers: 'Do webhooks get lost?',
  },
  sync_secret_expiry_timestamp_seconds: {
    kind: 'gauge',
    help: 'When the first secret of a kind ends, in seconds since 1970; absent if none has an end.',
    labels: { kind: { of: ['api_key', 'credential'] } },
    answers: 'Does a secret end soon?',
  },
  sync_role_processes: {
    kind: 'gauge',
    help: 'Processes of a role that show signs of life.',
    labels: { role: { of: ['api', 'relay', 'worker', 'housekeeping'] } },
    answers: 'Which processes run?',
  },
} as const satisfies Record<string, Metric>;
