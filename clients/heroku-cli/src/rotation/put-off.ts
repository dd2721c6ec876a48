import type { Resource } from '../answers/resource.ts'
import { momentWords } from '../words/moment.ts'
import { type Consequence, restartWords } from './consequence.ts'

type Looked = Pick<Resource, 'apps' | 'nextRotationAt' | 'nextRotationDueAt' | 'wouldLogOut'>

/**
 * What other windows, or one freeze less, may do now: a rotation that they put off may come earlier, at its due date at the
 * earliest. `early` where by that a key may leave before the date that was told.
 */
export function ofPuttingOffLess(resource: Looked, now: Date): Consequence {
  const { nextRotationAt: at, nextRotationDueAt: due, wouldLogOut } = resource
  if (!at || !due || due >= at) return { sentences: [], early: false }
  const earliest = due > now ? due : now
  const when = due > now ? `from ${momentWords(due, now)} on` : 'at once'
  const sentences = [
    `A rotation is put off until ${momentWords(at, now)}. It may come ${when}. ${restartWords(resource)}`,
  ]
  const told = wouldLogOut?.acceptedUntil
  if (!wouldLogOut || (told && told <= earliest)) return { sentences, early: false }
  const instead = told ? `, and not from ${momentWords(told, now)} on` : ''
  sentences.push(
    `What was signed with the previous key ${wouldLogOut.kid} is refused from then on${instead}.`,
  )
  return { sentences, early: true }
}

/** What a freeze does, and what it does not. */
export function ofFreezing({ rotation }: Pick<Resource, 'rotation'>): string[] {
  return [
    'In the freeze the schedule restarts no app, and old keys stay accepted while it waits. securekey:rotate and securekey:revoke go ahead.',
    ...(rotation ? [`What rotation ${rotation} has sent to Heroku already is not called back.`] : []),
  ]
}
