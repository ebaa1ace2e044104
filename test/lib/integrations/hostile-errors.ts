/** What a broken library, a proxy or a bug could throw. */
export function hostileErrors(): unknown[] {
  const throwing = new Proxy(new Error('proxy'), {
    get() {
      throw new Error('read');
    },
  });
  const looped: Record<string, unknown> = { statusCode: '500', headers: 7 };
  looped['raw'] = looped;
  return [
    ...[undefined, null, 0, '', 'text', Symbol('s'), 12n, [], {}, () => undefined, NaN, new Date(NaN)],
    ...[
      new Error(),
      new TypeError('x'),
      new AggregateError([]),
      Object.create(null) as unknown,
      throwing,
      looped,
    ],
    { statusCode: 500, headers: { 'idempotent-replayed': ['true'] }, message: { toString: null } },
    { statusCode: 400, code: {}, param: [], rawType: 3, requestId: {} },
    { detail: { sendFailure: {} } },
    { detail: { sendFailure: null } },
  ];
}
