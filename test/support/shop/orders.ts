// Which request of an order is the next one at a strict shop (server.ts): the draft, its plain fields,
// its lines, and one step of its state after the other.
import type { Fields, Value } from '../../../lib/catalogue/document.ts';
import type { NextAnswer, NextQuestion } from '../../../lib/integrations/next-request.ts';

const OF_A_DRAFT = ['amount', 'currency', 'lines'];

/** By the state that the order has and the one that it is to have, the next step to it. */
const STEPS: Record<string, Record<string, string>> = {
  draft: { open: 'open', paid: 'open', void: 'open' },
  open: { paid: 'paid', void: 'void' },
};

export function nextOfOrder({ ours, theirs, push }: NextQuestion): NextAnswer {
  const plain = push.filter((name) => name !== 'lines' && name !== 'state');
  if (theirs === null) {
    const state = push.includes('state') && {
      state: isDraft(ours['state']) ? (ours['state'] ?? null) : 'draft',
    };
    return { carry: { ...pick(ours, plain), ...state } };
  }
  const now = stateOf(theirs);
  const locked = now === 'draft' ? undefined : push.find((name) => OF_A_DRAFT.includes(name));
  if (locked !== undefined) return { refuse: { field: locked, reason: `order_${now}` } };
  if (plain.length > 0) return { carry: pick(ours, plain) };
  if (push.includes('lines')) return { carry: pick(ours, ['lines']), as: 'lines' };
  if (now === 'draft' && isDraft(ours['state'])) return { carry: pick(ours, ['state']) };
  const step = STEPS[now]?.[stateOf(ours)];
  return step === undefined
    ? { refuse: { field: 'state', reason: `order_${now}` } }
    : { carry: { state: step }, as: step };
}

/** As a name; a draft has none, or its own. */
export function stateOf({ state }: Fields): string {
  return typeof state === 'string' ? state : 'draft';
}

function isDraft(state: Value | undefined): boolean {
  return state === undefined || state === null || state === 'draft';
}

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}
