import type { Actor } from '../../domain/actor.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { endedByAnnouncing } from '../../domain/keyring-room.ts'
import { afterNextSwitched } from '../../domain/switch-next.ts'
import { formatTokenLife, tooManyKeys } from '../../domain/token-life.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { askFirst, type EndsEarly, goingNow } from '../ends-early.ts'

/**
 * Switches on or off that the key which the next rotation promotes is announced one rotation early. A worker pushes a
 * keyring with it, or without it, at its next tick, during a pause too; a rotation under way does so along with its own
 * key. A next key is erased once Heroku has confirmed a keyring without it, and not before: until then an app may accept
 * it. One that a rotation has begun to promote goes on to sign. It takes the place of an old key where the keyring is full:
 * one that is needed for a stated life goes after that was confirmed. False: it is so already. Throws `invalid-option` where a
 * stated life leaves no room for it, `unknown-resource` or `resource-gone`.
 */
export async function announceNext(
  deps: Pick<Deps, 'db' | 'now' | 'log' | 'settings'>,
  request: { resourceId: string; actor: Actor; on: boolean; confirm?: string | undefined },
): Promise<boolean | EndsEarly> {
  const { resourceId, actor, on, confirm } = request
  const now = deps.now()
  const changed = await changeResource<boolean | EndsEarly>(
    deps,
    { resourceId, actor },
    async ({ resource, stored: { state } }, trx) => {
      if (state.announcesNext === on) return { outcome: false }
      const { grace, periodMs } = resource
      const problem = tooManyKeys({ ...state, grace, periodMs, announcesNext: on }, deps.settings.plans)
      if (on && problem) {
        const life = formatTokenLife(state.tokenLifeMs)
        throw new SecurekeyError('invalid-option', `The stated token life of ${life} ${problem}.`)
      }
      const ended = on ? endedByAnnouncing({ ...state, rotating: state.rotation !== null }, now) : []
      const asked = await askFirst(trx, resourceId, goingNow(ended, now), confirm)
      if (asked) return { outcome: asked }
      const event: HistoryEvent = { at: now, kind: on ? 'next-switched-on' : 'next-switched-off', actor }
      return { outcome: true, to: afterNextSwitched(state, on, now), events: [event] }
    },
  )
  if (changed === true) deps.log.info({ resourceId, on }, 'next key switched')
  return changed
}
