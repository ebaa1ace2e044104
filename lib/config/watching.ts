/** The settings of health checks and metrics, a part of schema.ts. */
export const watchingProperties = {
  HEALTH_HOST: {
    group: 'Health',
    type: 'string',
    pattern: '^[A-Za-z0-9.:_-]+$',
    default: '127.0.0.1',
    description:
      'The address on which a separate relay or worker process answers `/health`, `/ready` and `/metrics`. The answers hold no secrets and no customer data, but they show how far the work is behind.',
    expects: 'a host name or an IP address',
    example: '0.0.0.0',
  },
  HEALTH_PORT: {
    group: 'Health',
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    description:
      'The port for `/health`, `/ready` and `/metrics` of a separate process. If it is not set: 8001 for a relay, 8002 for a worker. 0 means any free port.',
    expects: 'a port, from 0 to 65535',
    example: '8003',
  },
  METRICS_HOST: {
    group: 'Metrics',
    type: 'string',
    pattern: '^[A-Za-z0-9.:_-]+$',
    default: '127.0.0.1',
    description:
      'The address that `METRICS_PORT` is opened on. The answers hold counts and times, no secrets and no customer data, and no key is asked for.',
    expects: 'a host name or an IP address',
    example: '0.0.0.0',
  },
  METRICS_PORT: {
    group: 'Metrics',
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    description:
      'A port of its own for `/metrics`, in every process. Without it Prometheus reads `/metrics` on the port of the API, with a key of the scope viewer where keys are needed, and on `HEALTH_PORT` of a relay or worker. With `API_WORKERS` each process takes the first free port from this one on. 0 means any free port.',
    expects: 'a port, from 0 to 65535',
    example: '9464',
  },
} as const;
