import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { afterNextSwitched } from '../../domain/switch-next.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Switches on or off that the key which the next rotation promotes is announced one rotation early. A worker pushes a
 * keyring with it, or without it, at its next tick, during a pause too; a rotation under way does so along with its own
 * key. A next key is erased once Heroku has confirmed a keyring without it, and not before: until then an app may accept
 * it. One that a rotation has begun to promote goes on to sign. False: it is so already. Throws `unknown-resource` or
 * `resource-gone`.
 */
export async function announceNext(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; on: boolean },
): Promise<boolean> {
  const { resourceId, actor, on } = request
  const now = deps.now()
  const changed = await changeResource(deps, { resourceId, actor }, ({ stored: { state } }) => {
    if (state.announcesNext === on) return { outcome: false }
    const event: HistoryEvent = { at: now, kind: on ? 'next-switched-on' : 'next-switched-off', actor }
    return { outcome: true, to: afterNextSwitched(state, on, now), events: [event] }
  })
  if (changed) deps.log.info({ resourceId, on }, 'next key switched')
  return changed
}
