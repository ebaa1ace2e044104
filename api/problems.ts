// Every refusal of the API, as RFC 9457 problem documents. A client decides by `code`; codes never
// change.

/** in and pointer say where: { in: 'body', pointer: '/email' } is the member email of the body. */
export type ProblemDetail = {
  in: 'body' | 'query' | 'path' | 'header';
  pointer: string;
  code: string;
  detail: string;
} & Record<string, unknown>;

export const problemKinds = {
  invalid_request: { status: 400, title: 'The request has values that are not allowed' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  malformed_body: { status: 400, title: 'The body cannot be read as rows of customers' },
  malformed_request: { status: 400, title: 'The request is not well-formed HTTP' },
  invalid_signature: { status: 400, title: 'The signature is not valid' },
  invalid_event: { status: 400, title: 'The body is not an event' },
  row_refused: { status: 400, title: 'The table refuses this row' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'The API key does not have the scope that this needs' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  customer_not_found: { status: 404, title: 'There is no such customer' },
  conflict_not_found: { status: 404, title: 'There is no such conflict' },
  key_not_found: { status: 404, title: 'There is no such key' },
  event_not_found: { status: 404, title: 'There is no such event' },
  lane_not_found: { status: 404, title: 'There is no such lane' },
  group_not_found: { status: 404, title: 'There is no such group now' },
  plan_not_found: { status: 404, title: 'There is no such plan' },
  replay_not_found: { status: 404, title: 'There is no such replay' },
  link_plan_not_found: { status: 404, title: 'There is no such link plan' },
  comparison_not_found: { status: 404, title: 'There is no such comparison' },
  mapping_not_found: { status: 404, title: 'There is no such mapping' },
  method_not_allowed: { status: 405, title: 'This path does not accept this method' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  duplicate_email: { status: 409, title: 'Another customer has this email' },
  duplicate_identity: { status: 409, title: 'Another customer has this identity' },
  row_conflicts: { status: 409, title: 'Another row prevents this change' },
  row_swallowed: { status: 409, title: 'A rule of the table dropped the change' },
  overtaken: { status: 409, title: 'A later edit has replaced the value' },
  cannot_reverse: { status: 409, title: 'A conflict of this kind cannot be reversed' },
  cannot_resolve: { status: 409, title: 'This decision is not possible for this mapping' },
  position_expired: { status: 410, title: 'The changes after this position are no longer kept' },
  cannot_link: { status: 409, title: 'This record and this customer cannot be linked' },
  idempotency_key_in_use: { status: 409, title: 'A request with this key is being worked on' },
  nothing_selected: { status: 409, title: 'Nothing is selected' },
  plan_stale: { status: 409, title: 'What the plan is of has changed since' },
  link_plan_not_ready: { status: 409, title: 'The link plan is in a state in which this is not possible' },
  replay_overlaps: { status: 409, title: 'Another replay has some of these pairs' },
  replay_ended: { status: 409, title: 'The replay is in a state in which this is not possible' },
  request_open: { status: 409, title: 'A request about the linked record is not finished' },
  version_mismatch: { status: 412, title: 'The customer has changed since you read it' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body has a type that this path does not accept' },
  idempotency_key_reused: { status: 422, title: 'This key was used for another request' },
  too_many_streams: { status: 429, title: 'There are too many streams' },
  too_many_attempts: { status: 429, title: 'Too many wrong keys came from this address' },
  too_many_imports: { status: 429, title: 'Too many imports run at the moment' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Twinbox failed' },
  starting: { status: 503, title: 'Twinbox is starting' },
  database_unavailable: { status: 503, title: 'The database does not answer' },
  account_unbound: { status: 503, title: 'No account is bound yet' },
  webhooks_not_configured: { status: 503, title: 'No secret is set to check webhooks with' },
  contended: { status: 503, title: 'Too many writers are changing this customer' },
  system_silent: { status: 504, title: 'A system has not answered in time' },
} as const;

export type ProblemCode = keyof typeof problemKinds;

export type ProblemOptions = {
  errors?: ProblemDetail[];
  headers?: Record<string, string>;
  /** Further members of the document, such as the current state. */
  members?: Record<string, unknown>;
  cause?: unknown;
};

/**
 * Handlers throw it, and the error handler makes the answer from it. `detail` says what is wrong
 * and how the caller fixes it.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: ProblemDetail[];
  readonly headers: Record<string, string>;
  readonly members: Record<string, unknown>;

  constructor(code: ProblemCode, detail: string, { errors, headers, members, cause }: ProblemOptions = {}) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errors = errors ?? [];
    this.headers = headers ?? {};
    this.members = members ?? {};
  }

  get status(): number {
    return problemKinds[this.code].status;
  }
}

export function problemDocument(problem: Problem, requestId: string): Record<string, unknown> {
  const { status, title } = problemKinds[problem.code];
  return {
    type: `urn:twinbox:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    ...(problem.errors.length > 0 && { errors: problem.errors }),
    request_id: requestId,
    ...problem.members,
  };
}

/** The answer while the database cannot be reached; the caller may send the same request again. */
export function databaseAway(detail: string, cause?: unknown): Problem {
  return new Problem('database_unavailable', detail, { headers: { 'Retry-After': '2' }, cause });
}
