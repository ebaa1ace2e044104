// Why a pair is parked or waits, in a sentence: docs/sync.md, "Why a customer is parked", with the
// values that the mapping keeps for its reason.
import { isLetGoByDeletion, NOT_WANTED } from '../../db/mappings/consent.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';
import { shownDetail, shownReason } from '../../db/mappings/shown.ts';
import { identityName, type Entity } from '../catalogue/entity.ts';
import { settingOf } from '../config/systems.ts';
import { labelOf } from '../integrations/registry.ts';

type Detail = Record<string, unknown>;
/**
 * `system`: its name in messages for people; `setting`: the name of one of its settings;
 * `identity`: the field by which a customer is known.
 */
type Sentence = (
  detail: Detail,
  system: string,
  setting: (name: string) => string,
  identity: string,
) => string;

/** The sentence; null for a pair that is neither parked nor waiting. */
export function whyParkedOrWaiting(mapping: Mapping, entity: Entity): string | null {
  const { state, system } = mapping;
  const reason = shownReason(mapping);
  const detail: Detail = shownDetail(mapping) ?? {};
  if (isLetGoByDeletion(mapping))
    return `The record was deleted at ${labelOf(system)}, and the pair ended with it; our row stays (${settingOf(system, 'DELETES_IN')}=detach).`;
  if (state === 'detached') return whyDetached(detail);
  if (reason === null || (state !== 'parked' && state !== 'waiting')) return null;
  const name = labelOf(system);
  const sentence = Object.hasOwn(SENTENCES, reason) ? SENTENCES[reason] : undefined;
  if (sentence) return sentence(detail, name, (setting) => settingOf(system, setting), identityName(entity));
  return state === 'parked' ? whyFailed(reason, detail, name) : `The pair waits: ${reason}.`;
}

const SENTENCES: Record<string, Sentence> = {
  unexpected_answer: (detail, system) =>
    `What ${system} answers is not a customer${said(detail)}, for longer than TWINBOX_PARK_AFTER_HOURS.`,
  unsendable: () => 'The external id of the pair is not an id of a record, so no request can contain it.',
  missing: (_, system) =>
    `${system} answers 404 for the record, and does not say that it was deleted: the record is gone, or the key belongs to another account.`,
  delete_blocked: (detail, system) =>
    `${whyDeleted(detail)}; its record at ${system} stays, since ${textOf(detail['why']) ?? 'a subscription is not cancelled'}.`,
  create_unknown: (detail, system) =>
    `A request should create the record at ${system}, and it can never be found out whether that request took effect${said(detail)}.`,
  external_id_taken: (detail) =>
    `The record ${textOf(detail['external_id']) ?? ''} belongs to another customer.`.replace('  ', ' '),
  loop: () => 'A change of the customer kept coming back as a new change.',
  unending: (detail, system) =>
    `${textOf(detail['requests']) ?? 'Many'} requests were sent to ${system} for one change, and its integration asked for one more: the integration has a fault.`,
  damaged: (detail) =>
    `The row of the pair in external_mappings is not as the program writes it: ${textOf(detail['column']) ?? 'a column'} ${textOf(detail['why']) ?? 'is damaged'}.`,
  row_refused: (detail, system) =>
    `${ruleOf(detail)} of the table customers refuses a value from ${system}${said(detail)}.`,
  row_swallowed: (detail, system) =>
    `The table customers dropped a value from ${system}: ${ruleOf(detail)} can be the cause.`,
  transform_failed: (detail, system) =>
    `A value cannot be carried to ${detail['way'] === 'toInternal' ? 'our table' : system}${said(detail)}. Correct the value, or the transform and start the workers again: the pair goes on by itself.`,
  broken_off: (detail) =>
    `Every step for the pair broke off (${[detail['fault'], detail['about'], detail['at']].flatMap((part) => textOf(part) ?? []).join(', ')}).`,
  not_linked: whyNotLinked,
  account_unread: (_, system) =>
    `No record is created before every record of the ${system} account was read once.`,
  writes_off: (detail, system, setting) =>
    `Writes to ${system} are off (${setting('WRITES')}=off); the ${textOf(detail['operation']) ?? 'write'} of the pair is not sent.`,
  pulls_off: (_, system, setting) =>
    `No value from ${system} is written into our table (${setting('PULLS')}=off).`,
  fuse: (detail, system) =>
    detail['direction'] === 'in'
      ? `The record was deleted at ${system} together with many others; the fuse holds the deletion of our row.`
      : `${whyDeleted(detail)}, together with many others; the fuse holds the delete at ${system}.`,
  ask_delete: (_, system, setting) =>
    `The record was deleted at ${system}; our row and its records at other systems stay until a person decides (${setting('DELETES_IN')}=ask).`,
  alias_lives: (detail, system) =>
    `The record was deleted at ${system}, and another record of the customer exists: ${listOf(detail['aliases'])}.`,
  record_merged: (detail, system) =>
    `The record was merged into ${textOf(detail['into']) ?? 'another record'} at ${system}, ${whoseWinner(detail)}: our row stays until a person decides.`,
  restored: (detail, system) =>
    `The record was restored at ${system} after customer ${textOf(detail['customer']) ?? '?'} was deleted: it belongs to no customer until a person decides.`,
  lost_row: () =>
    'The owner tag of the record names a row that is not in our table: the row was lost, or a person wrote the tag by hand.',
  reference: whyReference,
  lacks_field: (detail) =>
    `The record has no ${textOf(detail['field']) ?? 'value'}, so it cannot become a row of our table.`,
  not_wanted: (detail, system) =>
    `The condition of the mapping leaves the customer out by its ${textOf(detail['field']) ?? 'values'}: ${system} is not to have it, so nothing is sent and nothing is taken.`,
  refused: (detail, system) =>
    `No record can be made of the row as it is: ${system} refuses its ${textOf(detail['field']) ?? 'values'} (${textOf(detail['reason']) ?? 'no reason is known'}).`,
  ask_link: (detail, _, __, identity) =>
    `The record has the ${identity} of customer ${textOf(detail['customer']) ?? '?'}; the two are linked once a person consents.`,
  duplicate_email: (detail, _, setting, identity) =>
    `The record has the ${identity} of customer ${textOf(detail['customer']) ?? '?'}, and ${setting('LINK_BY_EMAIL')}=never forbids links by the ${identity}.`,
  left_alone: () => 'A person decided to leave the record without a customer.',
  not_imported: (_, __, setting) =>
    `The settings create no customer for a record that belongs to none (${setting('IMPORT')}).`,
  other_environment: () => 'The record has the owner tag of another installation.',
  chosen: (detail) => `A person chose the record for customer ${textOf(detail['customer']) ?? '?'}.`,
  reopened: () => 'The pair had ended, and was opened again for a decision of a person.',
};

function whyReference({ field, entity, id, external_id: record, because }: Detail, system: string): string {
  const names = `The field ${textOf(field) ?? ''} names`;
  if (record === undefined)
    return `${names} ${textOf(entity) ?? 'row'} ${String(id)}, which has no record at ${system} yet.`;
  const how = typeof because === 'string' ? NO_RECORD[because] : undefined;
  return `${names} the record ${textOf(record) ?? ''}, ${how?.(system) ?? 'which has no row in our table yet'}.`;
}

const NO_RECORD: Readonly<Record<string, (system: string) => string>> = {
  missing: (system) => `which ${system} does not have`,
  erased: (system) => `which was deleted at ${system}`,
  refused: (system) => `which cannot be read at ${system}`,
};

function whoseWinner({ customer, because }: Detail): string {
  if (because === 'gone') return 'which is gone too, or leads to no other record';
  if (because === 'other_environment') return 'which has the owner tag of another installation';
  return `which is the record of customer ${textOf(customer) ?? '?'}`;
}

function whyDeleted(detail: Detail): string {
  const field = textOf(detail['field']);
  return field === null
    ? 'The customer was deleted in our table'
    : `The condition of the mapping leaves the customer out by its ${field}`;
}

function whyNotLinked(detail: Detail, system: string, _: (name: string) => string, identity: string): string {
  if (detail['consent'] === true) return 'A person has consented; a worker carries the consent out.';
  if (detail['because'] === 'identity_exists')
    return `A record with the ${identity} of the customer exists at ${system} already: ${listOf(detail['records'])}. A person has to say which record belongs to the customer.`;
  const { tried, why } = detail;
  if (textOf(tried) !== null)
    return `The record ${textOf(tried) ?? ''} could not be linked (${textOf(why) ?? 'it is not available'}); a new consent of a person is needed.`;
  return `The customer was in the table before ${system} was connected: no record is created or linked for the customer before a person consents.`;
}

function whyDetached(detail: Detail): string | null {
  if (detail['let_go'] === true) return `A person detached the pair${byWhom(detail)}.`;
  if (detail['because'] === NOT_WANTED)
    return 'The record is gone; the customer has had a new pair since, by the condition of the mapping.';
  if ('replaced' in detail) return `A person had the pair replaced by a new pair${byWhom(detail)}.`;
  return null;
}

function byWhom(detail: Detail): string {
  const by = textOf(detail['by']);
  const why = textOf(detail['why']);
  return `${by === null ? '' : ` (${by})`}${why === null ? '' : `: ${why}`}`;
}

/** For an error code of the system, or a failure that did not end by itself. */
function whyFailed(reason: string, detail: Detail, system: string): string {
  if (detail['kind'] === 'permanent') return `${system} refuses the request (${reason})${said(detail)}.`;
  return `The work of the pair failed for longer than TWINBOX_PARK_AFTER_HOURS (${reason})${said(detail)}.`;
}

/** The message of the external system, or of the rule of the table. */
function said(detail: Detail): string {
  const message = textOf(detail['says']) ?? textOf(detail['message']);
  return message === null ? '' : `: ${message.replace(/[.…:\s]+$/, '')}`;
}

function ruleOf({ kind, rule }: Detail): string {
  const named = textOf(rule);
  const what = textOf(kind);
  if (named === null) return 'a rule or a trigger';
  return what === null || what === 'swallowed' ? named : `${what} ${named}`;
}

function listOf(value: unknown): string {
  const ids = idsIn(value);
  return ids.length > 0 ? ids.join(', ') : 'not named';
}

/** The external ids that the mapping keeps for its reason, as far as they are texts. */
export function idsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((id) => textOf(id) ?? []) : [];
}

function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}
