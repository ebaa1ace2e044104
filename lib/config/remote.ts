// The settings of a command that asks an API in place of a database.
export const remoteProperties = {
  TWINBOX_API_URL: {
    group: 'Twinbox',
    type: 'string',
    pattern: '^https?://[^\\s?#/@]+(/[^\\s?#]*)?$',
    description:
      'The address of an API that the reading commands of `twinbox` ask in place of a database, such as that of another machine. The processes do not use it.',
    expects: 'an address that begins with https:// or http://, without a name or a password in it',
    example: 'https://twinbox.example.com',
  },
  TWINBOX_API_KEY: {
    group: 'Twinbox',
    type: 'string',
    format: 'bearer-key',
    secret: true,
    description: 'The key that these commands send to the API of `TWINBOX_API_URL`.',
    expects: 'a key as `twinbox keys create` shows it',
    example: 'twinbox_3f9c1a2b7d04_a-long-random-text',
  },
} as const;
