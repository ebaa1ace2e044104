// The dashboards of Grafana, as a short description: deploy/observe/grafana/dashboards/*.json are made
// from it by `make settings`. Every query has to return data from a running system (a test asks).

export type Panel = {
  title: string;
  /** A query, or several by their legend. */
  queries: Readonly<Record<string, string>>;
  unit?: 's' | 'short' | 'percentunit' | 'reqps' | 'bytes' | 'dateTimeFromNow';
  kind?: 'timeseries' | 'stat' | 'table';
};

export type Board = { uid: string; title: string; panels: readonly Panel[] };

const quantile = (q: number, by = ''): string =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(sync_propagation_seconds_bucket[$__rate_interval])))`;

export const boards: readonly Board[] = [
  {
    uid: 'twinbox-overview',
    title: 'Twinbox: overview',
    panels: [
      {
        title: 'Within the promise of 5 s',
        kind: 'stat',
        unit: 'percentunit',
        queries: {
          kept: 'sum(rate(sync_propagation_seconds_bucket{le="5",outcome!="parked"}[$__rate_interval])) / sum(rate(sync_propagation_seconds_count[$__rate_interval]))',
        },
      },
      {
        title: 'Oldest not published',
        kind: 'stat',
        unit: 's',
        queries: { age: 'max(sync_outbox_oldest_unpublished_seconds)' },
      },
      {
        title: 'Pairs that wait for a person',
        kind: 'stat',
        queries: { '{{system}}': 'max by (system) (sync_dead_letters)' },
      },
      {
        title: 'Alerts that fire',
        kind: 'stat',
        queries: {
          alerts: 'count(ALERTS{alertstate="firing",alertname!="TwinboxDeadMansSwitch"}) or vector(0)',
        },
      },
      {
        title: 'Propagation',
        unit: 's',
        queries: { 'half of all': quantile(0.5), '95 of 100': quantile(0.95), '99 of 100': quantile(0.99) },
      },
      {
        title: 'Outcomes',
        unit: 'reqps',
        queries: {
          '{{direction}} {{result}}':
            'sum by (direction, result) (rate(sync_events_total[$__rate_interval]))',
        },
      },
      {
        title: 'Stages, 95 of 100',
        unit: 's',
        queries: {
          '{{stage}}':
            'histogram_quantile(0.95, sum by (le, stage) (rate(sync_stage_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Webhooks',
        unit: 'reqps',
        queries: { '{{result}}': 'sum by (result) (rate(webhook_received_total[$__rate_interval]))' },
      },
    ],
  },
  {
    uid: 'twinbox-lanes',
    title: 'Twinbox: lanes and budget',
    panels: [
      {
        title: 'Lanes',
        kind: 'table',
        queries: {
          '{{system}} {{direction}} {{state}}': 'max by (system, direction, state) (sync_lane_state) == 1',
        },
      },
      {
        title: 'Circuit breaker',
        kind: 'table',
        queries: { '{{system}} {{state}}': 'max by (system, state) (sync_circuit_state) == 1' },
      },
      {
        title: 'Pairs to look at',
        queries: { '{{system}} {{direction}}': 'max by (system, direction) (sync_lane_pending)' },
      },
      { title: 'Rate tokens left', queries: { '{{system}}': 'max by (system) (sync_system_budget_tokens)' } },
      {
        title: 'Part of the rate in use',
        unit: 'percentunit',
        queries: { '{{system}}': 'max by (system) (sync_system_rate_share)' },
      },
      {
        title: 'Requests by status',
        unit: 'reqps',
        queries: {
          '{{system}} {{method}} {{status}}':
            'sum by (system, method, status) (rate(sync_system_requests_total[$__rate_interval]))',
        },
      },
      {
        title: 'Answers that were stored',
        unit: 'reqps',
        queries: {
          '{{system}}':
            'sum by (system) (rate(sync_system_requests_total{replayed="true"}[$__rate_interval]))',
        },
      },
      {
        title: 'Time of a request, 95 of 100',
        unit: 's',
        queries: {
          '{{system}} {{method}}':
            'histogram_quantile(0.95, sum by (le, system, method) (rate(sync_system_request_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Attempts',
        unit: 'reqps',
        queries: {
          '{{kind}} {{code_class}}':
            'sum by (kind, code_class) (rate(sync_attempts_total[$__rate_interval]))',
        },
      },
    ],
  },
  {
    uid: 'twinbox-relay',
    title: 'Twinbox: relay and Kafka',
    panels: [
      {
        title: 'Oldest not published',
        unit: 's',
        queries: { age: 'max(sync_outbox_oldest_unpublished_seconds)' },
      },
      { title: 'Not published', queries: { events: 'max(sync_outbox_backlog)' } },
      {
        title: 'Published',
        unit: 'reqps',
        queries: { '{{result}}': 'sum by (result) (rate(sync_relay_publish_total[$__rate_interval]))' },
      },
      {
        title: 'Published twice',
        unit: 'reqps',
        queries: { duplicates: 'sum(rate(sync_relay_duplicate_publish_total[$__rate_interval]))' },
      },
      { title: 'Numbers of events', queries: { '{{point}}': 'max by (point) (sync_outbox_last_id)' } },
      {
        title: 'Received',
        unit: 'reqps',
        queries: {
          '{{direction}} {{result}}':
            'sum by (direction, result) (rate(sync_consumed_total[$__rate_interval]))',
        },
      },
      {
        title: 'Records that wait',
        queries: {
          '{{topic}} {{group}} {{partition}}':
            'max by (topic, group, partition) (sync_consumer_lag_messages)',
        },
      },
      { title: 'Oldest not received', unit: 's', queries: { age: 'max(sync_consumer_lag_seconds)' } },
      {
        title: 'Since the last progress',
        unit: 's',
        queries: {
          '{{topic}} {{group}}':
            'min by (topic, group) (time() - sync_consumer_last_progress_timestamp_seconds)',
        },
      },
      {
        title: 'Oldest open transaction',
        unit: 's',
        queries: { age: 'max(sync_relay_xmin_horizon_age_seconds)' },
      },
    ],
  },
  {
    uid: 'twinbox-customers',
    title: 'Twinbox: customers in trouble',
    panels: [
      { title: 'Parked', queries: { '{{system}}': 'max by (system) (sync_dead_letters)' } },
      { title: 'Waiting', queries: { '{{system}}': 'max by (system) (sync_blocked_keys)' } },
      { title: 'Causes', queries: { '{{system}}': 'max by (system) (sync_error_groups_open)' } },
      {
        title: 'Parked and conflicts, by kind of change',
        unit: 'reqps',
        queries: {
          '{{type}} {{result}}':
            'sum by (type, result) (rate(sync_events_total{result=~"parked|conflict"}[$__rate_interval]))',
        },
      },
      {
        title: 'Replays',
        queries: {
          active: 'max(sync_replay_active)',
          '{{result}}': 'max by (result) (sync_replay_events_total)',
        },
      },
      {
        title: 'Found by the sweep alone',
        queries: { '{{system}}': 'max by (system) (sync_reconcile_found_events)' },
      },
      {
        title: 'Lost and not compared',
        queries: { '{{system}}': 'max by (system) (sync_reconcile_diverged)' },
      },
      {
        title: 'Since the last sweep',
        unit: 's',
        queries: { '{{system}}': 'time() - max by (system) (sync_reconcile_last_success_timestamp_seconds)' },
      },
    ],
  },
  {
    uid: 'twinbox-processes',
    title: 'Twinbox: processes',
    panels: [
      { title: 'Alive', queries: { '{{role}}': 'max by (role) (sync_role_processes)' } },
      {
        title: 'Requests of the API',
        unit: 'reqps',
        queries: {
          '{{method}} {{status}}':
            'sum by (method, status) (rate(sync_http_requests_total[$__rate_interval]))',
        },
      },
      {
        title: 'Time of a request, 95 of 100',
        unit: 's',
        queries: {
          '{{method}}':
            'histogram_quantile(0.95, sum by (le, method) (rate(sync_http_request_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Connections to PostgreSQL',
        queries: {
          'in use {{instance}}': 'pg_pool_in_use',
          'idle {{instance}}': 'pg_pool_idle',
          'waiting {{instance}}': 'pg_pool_waiting',
        },
      },
      {
        title: 'Event loop, 99 of 100',
        unit: 's',
        queries: { '{{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
      },
      { title: 'Memory', unit: 'bytes', queries: { '{{instance}}': 'process_resident_memory_bytes' } },
      {
        title: 'Processor',
        unit: 'percentunit',
        queries: { '{{instance}}': 'rate(process_cpu_seconds_total[$__rate_interval])' },
      },
      {
        title: 'Clock against the database',
        unit: 's',
        queries: {
          '{{instance}}': 'sync_clock_skew_seconds',
          'webhooks of {{system}}': 'webhook_clock_skew_seconds',
        },
      },
      {
        title: 'Figures that could not be read',
        queries: { '{{instance}} {{part}}': 'sync_scrape_problem' },
      },
    ],
  },
];
