/**
 * docs.stripe.com/api/webhook_endpoints. Only the answer to the create contains the signing secret.
 * An endpoint's `enabled_events` are `*` alone or whole names: Stripe knows no groups such as
 * `customer.*` in this list.
 */
import { seconds, takeSeq, type Call, type Handler } from '../http/call.ts';
import { noSuchObject, refuse } from '../http/errors.ts';
import { newId, newSigningSecret } from '../objects/ids.ts';
import { LIST_PARAMS, listPage } from '../http/lists.ts';
import { mergeMetadata } from '../objects/metadata.ts';
import type { Endpoint } from '../objects/objects.ts';
import {
  readBoolean,
  readRequiredText,
  readText,
  readTextList,
  refuseMissing,
  refuseUnknown,
} from '../http/params.ts';

const SHARED_PARAMS = ['description', 'enabled_events', 'expand', 'metadata', 'url'];

export function wantsEvent(endpoint: Endpoint, type: string): boolean {
  if (endpoint.status !== 'enabled') return false;
  return endpoint.enabled_events.includes('*') || endpoint.enabled_events.includes(type);
}

export const createEndpoint: Handler = (call) => {
  const { params, account } = call;
  refuseUnknown(params, [...SHARED_PARAMS, 'api_version', 'connect']);
  if (readBoolean(params['connect'], 'connect'))
    refuse('The simulator has no connected accounts.', { param: 'connect' });
  const url = readUrl(call) ?? refuseMissing('url');
  const secret = newSigningSecret();
  const endpoint: Endpoint = {
    id: newId('we', 24),
    api_version: readVersion(call) ?? null,
    created: seconds(call.now),
    description: readText(params['description'], 'description') ?? null,
    enabled_events: readEnabledEvents(call) ?? refuseMissing('enabled_events'),
    metadata: mergeMetadata({}, params['metadata']),
    secrets: [{ secret, until: null }],
    status: 'enabled',
    thin: false,
    url,
  };
  call.ops.push(putEndpoint(account.id, endpoint, takeSeq(call), call.now));
  return { body: { ...render(endpoint), secret } };
};

export const retrieveEndpoint: Handler = (call) => {
  refuseUnknown(call.params, ['expand']);
  return { body: render(findEndpoint(call).value) };
};

export const updateEndpoint: Handler = (call) => {
  const { params } = call;
  refuseUnknown(params, [...SHARED_PARAMS, 'disabled']);
  const { value: before, seq } = findEndpoint(call);
  const disabled = readBoolean(params['disabled'], 'disabled');
  const description = readText(params['description'], 'description');
  const after: Endpoint = {
    ...before,
    description: description === undefined ? before.description : description,
    enabled_events: readEnabledEvents(call) ?? before.enabled_events,
    metadata: mergeMetadata(before.metadata, params['metadata']),
    status: disabled === undefined ? before.status : disabled ? 'disabled' : 'enabled',
    url: readUrl(call) ?? before.url,
  };
  call.ops.push(putEndpoint(call.account.id, after, seq, call.now));
  return { body: render(after) };
};

export const deleteEndpoint: Handler = (call) => {
  refuseUnknown(call.params, []);
  const { value: endpoint, seq } = findEndpoint(call);
  const row = { id: endpoint.id, created: endpoint.created, seq, at: call.now, value: null };
  call.ops.push({ op: 'endpoint', account: call.account.id, ...row });
  return { body: { id: endpoint.id, object: 'webhook_endpoint', deleted: true } };
};

export const listEndpoints: Handler = ({ account, params }) => {
  refuseUnknown(params, LIST_PARAMS);
  const page = listPage({
    kind: 'webhook endpoint',
    url: '/v1/webhook_endpoints',
    params,
    collection: account.endpoints,
    deletedCursors: false,
  });
  return { body: { ...page, data: page.data.map(render) } };
};

export function putEndpoint(account: string, endpoint: Endpoint, seq: number, at: number) {
  return {
    op: 'endpoint' as const,
    account,
    id: endpoint.id,
    created: endpoint.created,
    seq,
    at,
    value: endpoint,
  };
}

function findEndpoint(call: Call): { value: Endpoint; seq: number } {
  const row = call.account.endpoints.get(call.id);
  if (!row?.value) return noSuchObject('webhook endpoint', call.id, 'webhook_endpoint');
  return { value: row.value, seq: row.seq };
}

function render(endpoint: Endpoint) {
  const { id, api_version, created, description, enabled_events, metadata, status, url } = endpoint;
  const shown = { id, api_version, created, description, enabled_events, metadata, status, url };
  return { ...shown, object: 'webhook_endpoint', application: null, livemode: false };
}

function readEnabledEvents({ params }: Call): string[] | undefined {
  const names = readTextList(params['enabled_events'], 'enabled_events');
  names?.forEach((name, index) => {
    const isName = name === '*' ? names.length === 1 : /^[a-z_]+(\.[a-z_]+)+$/.test(name);
    if (!isName)
      refuse(`Invalid enabled_events[${index}]: must be '*' or the name of one event type`, {
        param: `enabled_events[${index}]`,
      });
  });
  return names;
}

function readUrl({ params, rules }: Call): string | undefined {
  const text = readRequiredText(params['url'], 'url');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    refuse('Invalid URL: it must be a valid http or https URL.', { code: 'url_invalid', param: 'url' });
  // The simulator may contain copies of real names: it sends them to this machine only, unless a
  // setting allows others.
  if (!rules.remoteWebhooks && !isLoopback(url.hostname)) {
    refuse('Invalid URL: this simulator sends webhooks to this machine only.', {
      code: 'url_invalid',
      param: 'url',
    });
  }
  return text;
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
  );
}

function readVersion({ params }: Call): string | undefined {
  const version = readRequiredText(params['api_version'], 'api_version');
  if (version !== undefined && !isApiVersion(version)) {
    refuse('Invalid api_version: must be a Stripe API version', { param: 'api_version' });
  }
  return version;
}

export function isApiVersion(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(text);
}
