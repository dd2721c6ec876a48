import { isOfOwnKey } from '../../domain/errors.ts'
import { uuidFrom } from '../../domain/random-uuid.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { loadTokens } from '../../store/oauth-tokens.ts'
import { findResource } from '../../store/resources.ts'
import { findWitness } from '../../store/troubles.ts'
import type { Deps } from '../deps.ts'
import { createHerokuSession } from './heroku-session.ts'
import type { Question } from './troubles.ts'

/**
 * Asks Heroku about a resource that is not due, to learn whether others fail as well. Its success or failure is noted like
 * that of any other call. Nothing is written at Heroku.
 */
export async function askAnother(
  deps: Deps,
  { operation, except }: Question,
  signal: AbortSignal,
): Promise<void> {
  const id = uuidFrom(deps.random(16))
  const { proof } = deps.platform
  const resourceId =
    (await findWitness(deps.db, { id, except, proof })) ??
    (await findWitness(deps.db, { id, except: [], proof }))
  const resource = resourceId ? await findResource(deps.db, resourceId) : undefined
  if (!resourceId || !resource?.dek) return
  const { name, dek, address } = resource
  // A customer's key that is away says nothing of Heroku: the next question goes to another.
  const sealer = await sealerOf(deps, resourceId, dek)
  if (!sealer) return
  deps.troubles.letThrough(resourceId)
  const token = await loadTokens(deps.db, resourceId)
  const session = createHerokuSession(
    deps,
    { resourceId, name, address, sealer, dek, token, grantWaiting: false },
    signal,
  )
  await (operation === 'token' ? session.renewToken() : session.readConfig())
}

async function sealerOf(
  deps: Deps,
  resourceId: string,
  dek: WrappedDek,
): Promise<ResourceSealer | undefined> {
  try {
    return await deps.sealing.forResource(resourceId, dek)
  } catch (error) {
    if (isOfOwnKey(error)) return undefined
    throw error
  }
}
