// The answer when another living customer has the identity that a write gives. Its code is
// `duplicate_email` where the identity is the field `email`, as without a configuration.
import { identityName, type Entity } from '../lib/catalogue/entity.ts';
import { Problem, type ProblemCode } from './problems.ts';

type Identified = Pick<Entity, 'identity'>;

export function identityProblemOf({ identity }: Identified): ProblemCode {
  return identity === 'email' ? 'duplicate_email' : 'duplicate_identity';
}

/** For a write whose body has the value: the member of the body is named. */
export function identityTaken(entity: Identified, rivalId: number): Problem {
  const field = identityName(entity);
  const detail = `is the ${field} of customer ${rivalId}`;
  return new Problem(identityProblemOf(entity), `Customer ${rivalId} has this ${field} already.`, {
    errors: [{ in: 'body', pointer: `/${field}`, code: 'unique', detail, customer_id: rivalId }],
  });
}

/** For a conflict whose value cannot come back. */
export function identityTakenSince(entity: Identified, rivalId: number): Problem {
  return new Problem(
    identityProblemOf(entity),
    `Customer ${rivalId} has this ${identityName(entity)} now. Change that customer first, or leave the conflict as it is.`,
    { members: { customer_id: rivalId } },
  );
}
