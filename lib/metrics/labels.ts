// The form of a declaration, and the labels and buckets that several metrics share.

export interface Label {
  /** The only values; without it the label is open. */
  of?: readonly string[];
  /** Of an open label: the most values; further ones become `other`. */
  most?: number;
  /** Of an open label: what every value looks like. */
  form?: RegExp;
  /** The systems in use are its values. */
  isSystem?: true;
  /** For people, where the values are not listed. */
  says?: string;
}

export interface Metric {
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: Readonly<Record<string, Label>>;
  buckets?: readonly number[];
  /** The question of an operator that it answers. */
  answers: string;
}

/** Around the promise of 5 s. */
export const PROMISE_S = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 30, 60, 300, 900, 3600] as const;
export const CALL_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15] as const;
export const REQUEST_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Topics and groups have the names that the settings give them. */
const NAME = /^[\w.-]{1,80}$/;
/** Words of the code, and the names of parameters: no id, which has capitals, is long, or is a number. */
const TEMPLATE = /^(\/([a-z][a-z_.-]{0,30}|v\d|:[A-Za-z_]{1,30}))+$/;

export const system: Label = { isSystem: true, says: 'the system, by its name in the settings' };
export const direction: Label = { of: ['outbound', 'inbound'] };
export const method: Label = { of: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] };
export const status: Label = {
  of: [
    '200',
    '201',
    '202',
    '204',
    '304',
    '400',
    '401',
    '402',
    '403',
    '404',
    '405',
    '406',
    '408',
    '409',
    '410',
  ].concat([
    '412',
    '413',
    '415',
    '422',
    '424',
    '425',
    '428',
    '429',
    '431',
    '500',
    '502',
    '503',
    '504',
    'none',
  ]),
};
export const route: Label = {
  most: 120,
  form: TEMPLATE,
  says: 'the template of the path, such as `/api/v1/customers/:id`',
};
export const topic: Label = { most: 20, form: NAME, says: 'the topic' };
export const partition: Label = { most: 200, form: /^\d{1,4}$/, says: 'the number of the partition' };
export const group: Label = {
  most: 30,
  form: NAME,
  says: 'the consumer group, without the prefix of the installation',
};

export const outcomes = [
  'applied',
  'superseded',
  'noop',
  'echo',
  'conflict',
  'stale',
  'closed',
  'parked',
] as const;
export const eventTypes = ['created', 'updated', 'deleted', 'merged'] as const;
export const webhookResults = [
  ...(['accepted', 'duplicate', 'stale', 'forged', 'unsigned', 'foreign'] as const),
  ...(['too_old', 'unreadable', 'unstorable', 'unbound'] as const),
] as const;
export const codeClasses = [
  '2xx',
  '3xx',
  '4xx',
  '404',
  '409',
  '429',
  '5xx',
  'no_answer',
  'not_sent',
] as const;
export const circuitStates = ['closed', 'half_open', 'open'] as const;
