/** The settings of the Stripe simulator, a part of schema.ts. */
export const simulatorProperties = {
  SIMULATOR_URL: {
    group: 'Simulator',
    type: 'string',
    pattern: '^http://[^/?#@]+/?$',
    description:
      'The address of a simulator that runs as a process of its own. It is used in place of Stripe if `STRIPE_SECRET_KEY` is not set.',
    expects: 'an http address without a path',
    example: 'http://localhost:12111',
  },
  SIMULATOR_WEBHOOK_SECRET: {
    group: 'Simulator',
    type: 'string',
    format: 'signing-secret',
    secret: true,
    description:
      'The secret with which the simulator of `SIMULATOR_URL` signs its webhooks; give the simulator’s process the same value. It is accepted only if `STRIPE_SECRET_KEY` is not set.',
    expects: 'a signing secret, which begins with whsec_',
    example: 'whsec_only_for_the_simulator',
  },
  SIMULATOR_PORT: {
    group: 'Simulator',
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    default: 12_111,
    description: 'The port that the Stripe simulator listens on; 0 means any free port.',
    expects: 'a port, from 0 to 65535',
    example: '12111',
  },
} as const;
