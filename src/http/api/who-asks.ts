import type { Person, TokenActor } from '../../domain/actor.ts'
import { SCOPES, type Scope } from '../../domain/api-token.ts'
import { readBearer } from '../../domain/bearer-text.ts'
import { personOf, sessionHandle } from '../../domain/session.ts'
import { type SessionProblem, useCommandLine } from '../../flows/dashboard/session.ts'
import type { Deps } from '../../flows/deps.ts'
import { type TokenProblem, useToken } from '../../flows/tokens/use-token.ts'

/** Who asks the API: for which resource, how the history names it, and what it may do. */
export type Caller = {
  resourceId: string
  /** Names what was sent, and opens nothing. */
  id: string
  actor: Person | TokenActor
  scopes: readonly Scope[]
  /** Of a person: the digest of the session, and whether the sign-on named its user, where that is asked for. */
  session?: { digest: Buffer; mayHandleKeys: boolean }
}

export type Asking =
  | { outcome: 'active' | 'gone'; caller: Caller }
  | { outcome: 'none'; because: TokenProblem | SessionProblem }

/** What a person may do whose sign-on named nobody: what the dashboard lets him do. */
const OF_NOBODY: readonly Scope[] = ['read', 'rotate']

/** What a person may do by the command line. `userSignOn`: keys are shown and revoked only where the sign-on named its user. */
export function scopesOfPerson({ verified }: { verified: boolean }, userSignOn: boolean): readonly Scope[] {
  return verified || !userSignOn ? SCOPES : OF_NOBODY
}

/**
 * Looks who sent a bearer: a program with an API token, or a person by the command line. `boundTo`: the only resource for which
 * it may be, where the way of the request is that of one resource.
 */
export async function whoAsks(
  deps: Deps,
  text: string,
  { address, userSignOn, boundTo }: { address: string | null; userSignOn: boolean; boundTo: string | null },
): Promise<Asking> {
  const given = readBearer(text)
  if (given?.kind === 'cli') {
    const found = await useCommandLine(deps, given, boundTo)
    if (found.outcome === 'none') return found
    const { session } = found
    return {
      outcome: found.outcome,
      caller: {
        resourceId: session.resourceId,
        id: sessionHandle(session.idDigest),
        actor: personOf(session, address),
        scopes: scopesOfPerson(session, userSignOn),
        session: { digest: session.idDigest, mayHandleKeys: session.verified || !userSignOn },
      },
    }
  }
  const found = await useToken(deps, text, 'api', address, boundTo)
  if (found.outcome === 'none') return found
  const { id, name, resourceId, scopes } = found.token
  return {
    outcome: found.outcome,
    caller: { resourceId, id, actor: { type: 'token', id, name, address }, scopes },
  }
}
