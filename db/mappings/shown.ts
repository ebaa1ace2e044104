// A pair's reason as people and programs see it, in the API, the CLI and explain: a code, and one
// object in which consent or ending stand beside what the reason says. Once for TypeScript and, as a
// fragment, for SQL.
import type { Consent, Ending } from './consent.ts';
import type { Mapping } from './mappings.ts';
import { codeOf } from './reason.ts';
import type { Json } from './stored.ts';

/** A mapping as people look at it: the reason by its code, and all that stands beside it. */
export type ShownMapping = Omit<Mapping, 'reason'> & { reason: string | null; reasonDetail: Json | null };

export function shownMapping(mapping: Mapping): ShownMapping {
  return { ...mapping, reason: shownReason(mapping), reasonDetail: shownDetail(mapping) };
}

export function shownReason({ reason }: Pick<Mapping, 'reason'>): string | null {
  return reason && codeOf(reason);
}

export function shownDetail(mapping: Pick<Mapping, 'state' | 'reason' | 'consent' | 'ending'>): Json | null {
  const { state, reason, consent, ending } = mapping;
  if (state === 'detached' && ending !== null) return ofEnding(ending);
  const detail: Json | null = reason && reason.detail;
  return consent === null ? detail : { ...ofConsent(consent), ...detail };
}

function ofConsent(consent: Consent): Json {
  const given = { consent: true, consented_by: consent.by, consented_at: consent.at };
  return consent.to === 'customer'
    ? { ...given, customer: consent.customer, ...(consent.chosen && { chosen: true }) }
    : { ...given, external_id: consent.external_id, ...(consent.anew && { anew: true }) };
}

function ofEnding({ kind, ...rest }: Ending): Json {
  return kind === 'let_go' ? { let_go: true, ...rest } : rest;
}

export const shownDetailSql = (mapping: string): string => `case
    when ${mapping}.state = 'detached' and ${mapping}.ending is not null then
      (${mapping}.ending - 'kind') || case when ${mapping}.ending ->> 'kind' = 'let_go' then '{"let_go": true}' else '{}' end::jsonb
    when ${mapping}.consent is not null then
      jsonb_build_object('consent', true, 'consented_by', ${mapping}.consent -> 'by', 'consented_at', ${mapping}.consent -> 'at')
      || (${mapping}.consent - array['to', 'by', 'at']) || coalesce(${mapping}.reason_detail, '{}')
    else ${mapping}.reason_detail end`;
