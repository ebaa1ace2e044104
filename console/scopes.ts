// What a person may do, so that a button that may not be pressed is not drawn. The API decides.

export type Scope = 'viewer' | 'editor' | 'operator' | 'admin';

const COVERED: Record<Scope, readonly Scope[]> = {
  viewer: ['viewer'],
  editor: ['viewer', 'editor'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'editor', 'operator', 'admin'],
};

export function may(has: Scope, needs: Scope): boolean {
  return COVERED[has].includes(needs);
}

/** Null for a key that opens no page, such as one that only delivers events. */
export function scopeOf(text: string): Scope | null {
  return Object.hasOwn(COVERED, text) ? (text as Scope) : null;
}
