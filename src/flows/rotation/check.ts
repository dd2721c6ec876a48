import { afterCheck } from '../../domain/after-look.ts'
import { costsNoAttempt, type FailureKind, type HerokuResult } from '../../domain/heroku-failure.ts'
import type { HistoryEvent, HistoryKind } from '../../domain/history.ts'
import type { Held, HeldPair } from '../../domain/judge-held.ts'
import { CHECK_AFTER_DOUBT_MS, CHECK_AFTER_PUSH_MS } from '../../domain/schedule.ts'
import { type Trust, trusted } from '../../domain/trust.ts'
import { findState } from '../../store/keysets.ts'
import { setMissingSince } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import type { Standing } from '../operations/installation.ts'
import { adoptHeld } from './adopt.ts'
import { giveBack } from './end-failed.ts'
import { stopAtForeign } from './foreign.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import { lookAtHeroku } from './look.ts'
import type { OpenResource } from './open-resource.ts'
import { publicationOf, publishedVars } from './publish.ts'

/**
 * What a check came to:
 * - `same`: Heroku holds what was published
 * - `repaired`: it held an older pair of ours (a push that arrived late, a rollback), and the published one was pushed again
 * - `put-back`: it held no value, and the published one was pushed, once
 * - `gone`: it holds no value again; told, and left to people
 * - `differs`: an older pair of ours came back within a day; left for the next look
 * - `unknown`: Heroku could not be asked
 */
type Check = 'same' | 'repaired' | 'put-back' | 'gone' | 'differs' | 'unknown'

const DAY_MS = 86_400_000
/** Longer than the look after a var was put back in the first minutes of an epoch. */
const TOLD_AFTER_MS = 10 * 60_000
/** Why no rotation could succeed either. */
const LASTING: readonly FailureKind[] = ['missing', 'refresh-refused']
/** When a check is made again that came to nothing, because Heroku could not be asked. */
const CHECK_AGAIN_MS = 15 * 60_000

/**
 * The step `check`: compares Heroku's config with what was published, and puts it right where it is ours to do. Pushes
 * nothing when they are the same. When Heroku cannot be asked, that costs no attempt, unless the next rotation would fail
 * for the same reason: then the add-on is in trouble now, and not only on that date.
 */
export async function checkConfig(deps: Deps, group: Group, resource: OpenResource): Promise<Outcome> {
  const standing = deps.installation.standing()
  const isEarly = isSettling(standing, deps.now())
  const checked = await inFlight(deps, group, resource, async () => {
    const check = await compare(deps, resource, standing.epoch)
    // Cut off by a shutdown, or not now: it is made as soon as it can be, for a leaked key may be back.
    if (!check.ok && (group.callSignal.aborted || costsNoAttempt(check.failure))) return check
    // It may be gone at Heroku, or be refused for good: asked again like that, and less and less often.
    if (!check.ok && LASTING.includes(check.failure.kind)) return check
    return { ok: true, value: check.ok ? check.value : ('unknown' as const) }
  })
  if ('outcome' in checked) return checked.outcome
  const check = checked.value
  if (check === 'taken-over') return await giveBack(deps, resource)
  if (check === 'foreign') return await stopAtForeign(deps, group, resource)
  if (typeof check === 'object') return await adoptHeld(deps, resource, check)
  const { epoch } = standing
  const written = await recordCheck(deps, group, resource, { check, epoch, isEarly })
  return written ? 'checked' : await giveBack(deps, resource)
}

/** Whether a call from before this epoch may still arrive, of which nothing is known here: what is seen now may not last. */
function isSettling({ since }: Standing, now: Date): boolean {
  return now.getTime() - since.getTime() < CHECK_AFTER_DOUBT_MS
}

async function compare(
  deps: Deps,
  resource: OpenResource,
  epoch: number,
): Promise<HerokuResult<Check | 'foreign' | 'taken-over' | HeldPair>> {
  const { state, session } = resource
  const published = publishedVars(deps, resource)
  const expected = publicationOf(deps, resource)?.vars
  const looked = await lookAtHeroku(deps, resource, published, expected)
  if (!looked.ok) return looked
  const verdict = verdictOf(looked.value, state.trust, deps.now())
  if (verdict !== 'repaired' && verdict !== 'put-back') return { ok: true, value: verdict }
  // The history was asked since the config was read: somebody else may have put it right meanwhile.
  if (!(await isStillClaimed(deps, resource))) return { ok: true, value: 'taken-over' }
  const pushed = await session.writeConfig(publishedVars(deps, resource, epoch))
  return pushed.ok ? { ok: true, value: verdict } : pushed
}

async function isStillClaimed({ db }: Deps, resource: OpenResource): Promise<boolean> {
  const present = await findState(db, resource.resourceId)
  return present?.fence === resource.fence && present.revision === resource.revision
}

/** What is to be made of what Heroku holds. */
function verdictOf(look: Held, trust: Trust, now: Date): Check | 'foreign' | HeldPair {
  const repairedToday = trust.repairedAt !== null && now.getTime() - trust.repairedAt.getTime() < DAY_MS
  switch (look.held) {
    // The keyring beside it comes back with the next push, should it be lost or altered.
    case 'published':
    case 'expected':
      return 'same'
    case 'revoked':
      return 'repaired'
    case 'older':
      return repairedToday ? 'differs' : 'repaired'
    case 'gone':
      return trust.goneSince === null ? 'put-back' : 'gone'
    case 'ahead':
      return look
    case 'foreign': {
      const { pair, keyring } = look
      return trust.adoptAsked && pair ? { pair, keyring } : 'foreign'
    }
  }
}

const HISTORY: Readonly<Partial<Record<Check, HistoryKind>>> = {
  repaired: 'config-repaired',
  'put-back': 'config-repaired',
  gone: 'config-gone',
}

/** Writes a check down and ends its claim. False: the resource was changed meanwhile, and nothing was written. */
async function recordCheck(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  { check, epoch, isEarly }: { check: Check; epoch: number; isEarly: boolean },
): Promise<boolean> {
  const now = deps.now()
  const { resourceId, fence, revision, state, grace, missing } = resource
  const plannedMs = nextCheckMs(check, deps.settings.checkEveryMs)
  const checkAt = new Date(now.getTime() + (isEarly ? Math.min(plannedMs, CHECK_AFTER_DOUBT_MS) : plannedMs))
  const trust = trustAfter(check, state.trust, { epoch, isEarly }, now)
  const pushed = check === 'repaired' || check === 'put-back'
  const checked = pushed ? { ...state, pushedAt: now } : state
  const to = afterCheck(checked, { checkAt, trust }, grace, now)
  const kind = HISTORY[check]
  const details = { found: check === 'repaired' ? 'an older pair' : 'no value' }
  const event: HistoryEvent[] = kind ? [{ at: now, kind, actor: { type: 'worker' }, details }] : []
  // What is gone for long is told once, at the look that followed its being put back.
  const goneForMs = now.getTime() - (state.trust.goneSince ?? now).getTime()
  const isTold = state.trust.doubtful && goneForMs > TOLD_AFTER_MS
  const events = check === 'gone' && isTold ? [] : event
  if (!(await group.write({ resourceId, fence, revision, state, to, by: 'claim', events }))) return false
  if (missing && check !== 'unknown') await setMissingSince(deps.db, resourceId, null)
  if (check !== 'same') deps.log.warn({ resourceId, check }, 'config check')
  return true
}

function nextCheckMs(check: Check, checkEveryMs: number): number {
  if (check === 'unknown') return CHECK_AGAIN_MS
  return check === 'repaired' || check === 'put-back'
    ? Math.min(CHECK_AFTER_PUSH_MS, checkEveryMs)
    : checkEveryMs
}

/** Heroku has answered, with a pair of ours or with none. */
const ANSWERED = { foreignSince: null, adoptAsked: false, uncheckedSince: null } as const

function trustAfter(
  check: Check,
  trust: Trust,
  { epoch, isEarly }: { epoch: number; isEarly: boolean },
  now: Date,
): Trust {
  switch (check) {
    case 'same':
      // A look confirms no epoch. That the var was once put back is remembered until the next rotation.
      return { ...trust, ...ANSWERED, doubtful: isEarly }
    case 'repaired':
      return {
        ...trusted(epoch),
        revokedEpoch: trust.revokedEpoch,
        repairedAt: now,
        doubtful: isEarly,
      }
    case 'put-back': {
      const { revokedEpoch, repairedAt } = trust
      return { ...trusted(epoch), revokedEpoch, repairedAt, goneSince: now, doubtful: isEarly }
    }
    case 'gone':
    case 'differs':
      return { ...trust, ...ANSWERED, doubtful: true }
    case 'unknown':
      return { ...trust, uncheckedSince: trust.uncheckedSince ?? now }
  }
}
