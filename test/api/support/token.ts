import type { Person } from '../../../src/domain/actor.ts'
import type { Scope } from '../../../src/domain/api-token.ts'
import { makeToken } from '../../../src/flows/tokens/make-token.ts'
import { DAY, type Harness } from '../../support/harness.ts'

export const ANN = {
  type: 'person',
  userId: 'ann',
  email: 'ann@example.com',
  verified: true,
  address: null,
} as const

/** A token of the add-on, made by Ann. Returns its text and its id. */
export async function tokenOf(
  h: Pick<Harness, 'deps'> & { addon: { id: string } },
  scopes: readonly Scope[],
  more: { lifeMs?: number; name?: string; resourceId?: string; actor?: Person } = {},
): Promise<{ text: string; id: string }> {
  const wish = { resourceId: h.addon.id, actor: ANN, name: 'ci', lifeMs: 90 * DAY, scopes, ...more }
  const made = await makeToken(h.deps, wish)
  if (made.outcome !== 'made') throw new Error(made.outcome)
  return { text: made.text, id: made.token.id }
}
