/**
 * Scripted faults: rules that pick calls, and say what goes wrong with them and at which stage of
 * the call:
 *
 *   network → limits → before → (effect) effect → after
 *
 * At `network` nothing has been looked at, not even the idempotency key; at `before` the key is
 * taken and nothing is changed yet (another request with the key gets a 409); at `effect` and
 * `after` everything is stored, and only the answer is still to be sent. A rule counts a call only
 * when the call reaches the rule's stage, so a replayed answer does not use up an
 * `error_before_effect`.
 */
import { newSeed } from '../objects/ids.ts';
import { createRandom } from '../random.ts';
import { createSignal } from '../signal.ts';

export type FaultKind =
  | 'latency'
  | 'hang'
  | 'reset'
  | 'rate_limit'
  | 'error_before_effect'
  | 'error_after_effect'
  | 'drop_answer';

export type Stage = 'network' | 'limits' | 'before' | 'effect' | 'after';

export type FaultRule = {
  kind: FaultKind;
  /** Only calls of this method. */
  method?: string;
  /** Only paths that fit: `:name` or `*` matches one segment. Without it, any path. */
  path?: string;
  /** Only this idempotency key; with an asterisk at its end, only keys with that beginning. */
  key?: string;
  /** Only calls about this customer: its id in the path, or as the parameter `customer`. */
  customer?: string;
  /** Only calls whose undecoded form body contains this text. */
  contains?: string;
  /** Begin with the nth call that fits (1 is the first). */
  nth?: number;
  /** How many calls are hit, null for no end; 1 by default, null if there is a probability. */
  times?: number | null;
  /** Hit a fitting call with this probability, 0 to 1. */
  probability?: number;
  seed?: number;
  /** latency: how long. */
  ms?: number;
  /** latency ('before' by default) and hang ('network' by default): where the call waits. */
  at?: 'network' | 'before' | 'after';
  /**
   * rate_limit: a value of Stripe-Rate-Limited-Reason, or `lock_timeout` for the 429 without that
   * header.
   */
  reason?: string;
  /** errors: 500 by default. */
  status?: number;
  /**
   * errors: the code of a refusal, such as resource_missing; without it the answer is an api_error.
   */
  code?: string;
  /** errors: whether the idempotency key keeps the answer; true by default. */
  stored?: boolean;
  /**
   * errors and rate_limit: Stripe-Should-Retry; null for no header; false by default for stored
   * errors.
   */
  shouldRetry?: boolean | null;
};

export type ActiveFault = FaultRule & { id: string; seen: number; hits: number };

export type FaultSubject = { method: string; path: string; key: string | null; body: string; query: string };

export type HeldCall = FaultSubject & { id: string; fault: string; at: Stage };

export type Outage = { kind: 'reset' | 'unavailable' } | null;

export type Faults = ReturnType<typeof createFaults>;

const STAGES: Record<FaultKind, Stage> = {
  latency: 'before',
  hang: 'network',
  reset: 'network',
  rate_limit: 'limits',
  error_before_effect: 'before',
  error_after_effect: 'effect',
  drop_answer: 'after',
};

export function createFaults() {
  const rules = new Map<string, { fault: ActiveFault; random: () => number }>();
  const held = new Map<string, { call: HeldCall; finish: (released: boolean) => void; hangUp: () => void }>();
  const signal = createSignal();
  let outage: Outage = null;
  let counter = 0;

  function add(rule: FaultRule): ActiveFault {
    if (!(rule.kind in STAGES)) throw new Error(`No such kind of fault: ${rule.kind}`);
    counter += 1;
    const fault = { ...rule, id: `fault_${counter}`, seen: 0, hits: 0 };
    rules.set(fault.id, { fault, random: createRandom(rule.seed ?? newSeed()) });
    return { ...fault };
  }

  /** The faults that hit this call at this stage: every delay, and the first of the others. */
  function take(stage: Stage, subject: FaultSubject): FaultRule[] {
    if (rules.size === 0) return [];
    const taken: FaultRule[] = [];
    let ended = false;
    for (const { fault, random } of rules.values()) {
      const delays = fault.kind === 'latency' || fault.kind === 'hang';
      if ((ended && !delays) || stageOf(fault) !== stage || !fits(fault, subject)) continue;
      fault.seen += 1;
      if (fault.seen < (fault.nth ?? 1)) continue;
      if (fault.hits >= timesOf(fault)) continue;
      if (fault.probability !== undefined && random() >= fault.probability) continue;
      fault.hits += 1;
      taken.push(fault);
      if (!delays) ended = true;
    }
    return taken;
  }

  /** Waits until the call is released; false when the simulator is closed instead. */
  function hold(subject: FaultSubject, fault: FaultRule, hangUp: () => void): Promise<boolean> {
    counter += 1;
    const id = `held_${counter}`;
    return new Promise((resolve) => {
      held.set(id, {
        call: { ...subject, id, fault: fault.kind, at: stageOf(fault) },
        finish: resolve,
        hangUp,
      });
      signal.announce();
    });
  }

  function heldCalls(): HeldCall[] {
    return [...held.values()].map(({ call }) => ({ ...call }));
  }

  function finish(released: boolean, id?: string): number {
    const chosen = [...held.keys()].filter((candidate) => id === undefined || candidate === id);
    for (const name of chosen) {
      held.get(name)?.finish(released);
      held.delete(name);
    }
    return chosen.length;
  }

  return {
    add,
    take,
    hold,
    remove: (id: string): boolean => rules.delete(id),
    list: (): ActiveFault[] => [...rules.values()].map(({ fault }) => ({ ...fault })),
    /** Removes every rule and the outage, and lets held calls go on. */
    clear(): void {
      rules.clear();
      outage = null;
      finish(true);
    },
    held: heldCalls,
    /**
     * Lets held calls go on, all or the one named; a call is executed even if its client has gone.
     */
    release: (id?: string): number => finish(true, id),
    /**
     * Cuts the connection of a held call: the client has lost its call, and the call is still
     * executed once it is released.
     */
    hangUp: (id: string): void => held.get(id)?.hangUp(),
    abandon: (): number => finish(false),
    /** Resolves as soon as `count` calls are held. */
    waitForHeld(count = 1): Promise<HeldCall[]> {
      return signal.until(() => (held.size < count ? null : heldCalls()));
    },
    outage: (): Outage => outage,
    setOutage(next: Outage): void {
      outage = next;
    },
  };
}

function stageOf(fault: FaultRule): Stage {
  return (fault.kind === 'latency' || fault.kind === 'hang' ? fault.at : undefined) ?? STAGES[fault.kind];
}

function timesOf(fault: FaultRule): number {
  if (fault.times === null) return Infinity;
  return fault.times ?? (fault.probability === undefined ? 1 : Infinity);
}

function fits(fault: FaultRule, subject: FaultSubject): boolean {
  return (
    (fault.method === undefined || fault.method.toUpperCase() === subject.method) &&
    (fault.path === undefined || fitsPath(fault.path, subject.path)) &&
    (fault.key === undefined || fitsKey(fault.key, subject.key)) &&
    (fault.customer === undefined || customerOf(subject) === fault.customer) &&
    (fault.contains === undefined || subject.body.includes(fault.contains))
  );
}

function fitsPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment === '*' || segment.startsWith(':') || segment === given[index])
  );
}

function fitsKey(wanted: string, key: string | null): boolean {
  return wanted.endsWith('*') ? (key?.startsWith(wanted.slice(0, -1)) ?? false) : key === wanted;
}

function customerOf(subject: FaultSubject): string | null {
  const inPath = /^\/v1\/customers\/(cus_[^/]+)/.exec(subject.path)?.[1];
  return (
    inPath ??
    new URLSearchParams(subject.body).get('customer') ??
    new URLSearchParams(subject.query).get('customer')
  );
}
