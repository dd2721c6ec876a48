import { afterHoldingBack } from '../../domain/after-look.ts'
import { appNameShown } from '../../domain/app-name.ts'
import { appsNamed, NOT_NAMED } from '../../domain/check-in.ts'
import { costsNoAttempt, type FailureKind, type HerokuResult } from '../../domain/heroku-failure.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { hearsProcesses, heldBackFor, mayWaitUntil } from '../../domain/hold-back.ts'
import type { SecondKey } from '../../domain/keyset.ts'
import { openRotation } from '../../domain/resource-state.ts'
import type { HeldBack, Step } from '../../domain/rotation.ts'
import type { Attachment } from '../../heroku/read-attachments.ts'
import { findRotationOpenedAt } from '../../store/history.ts'
import { findKeysOf, type StoredKey } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import { appsWithKey, type SoughtKey } from '../heroku/apps-with-key.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import { heardOfSecond } from './heard.ts'
import { inFlight } from './in-flight.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * Which apps run a release that has the key in the first place which is about to leave, and which apps there are: null where
 * Heroku does not say that. Where it does not let this partner see releases, or there are too many apps, time decides.
 */
type Adoption = { lagging: readonly string[]; attached: readonly Attachment[] | null }

/** More apps than this on one add-on are not asked one by one; time decides. */
const MOST_APPS_ASKED = 50
const ASKED_AT_ONCE = 5

/**
 * Asks whether the key in the second place may leave: for a filler, and for every rotation but a revoke. The claim of
 * one whose key must stay, because an app signs with it still, ends here; undefined when the key may go. That it stays is
 * told once, before the key goes. A failure counts like one of the push that would follow. What processes say of themselves
 * can only add to that.
 */
export async function waitForAdoption(
  deps: Deps,
  group: Group,
  resource: OpenResource,
): Promise<Outcome | undefined> {
  const { state, step, checkedIn } = resource
  const { second } = state.keyset
  const now = deps.now()
  const until = mayWaitUntil(state, step, now)
  const showsReleases = deps.platform.showsReleases()
  const hears = checkedIn && hearsProcesses(step)
  if (!until || (!showsReleases && !hears)) return undefined
  const keys = resource.keys.length > 0 ? resource.keys : await findKeysOf(deps.db, resource)
  if (!keys) return await giveBack(deps, resource)
  const sought = await soughtKey(deps, resource, second, keys)
  if (!sought) return undefined
  const asked = showsReleases
    ? await inFlight(deps, group, resource, async () => {
        const adoption = await adoptionOf(resource, sought)
        if (!adoption.ok && !costsNoAttempt(adoption.failure)) await openIntent(group, resource, step, now)
        return adoption
      })
    : { value: UNOBSERVABLE }
  if ('outcome' in asked) return asked.outcome
  const { lagging, attached } = asked.value
  const heard = hears ? appsNamed(await heardOfSecond(deps, resource, keys), attached).map(shown) : []
  const heldBack = heldBackFor(state, { lagging, heard, until }, now)
  return heldBack && (await holdBack(deps, group, resource, heldBack))
}

const UNOBSERVABLE: Adoption = { lagging: [], attached: null }

/** The key that signs and the one that would leave. Undefined: one is not stored, as the next step will find. */
async function soughtKey(
  { db }: Pick<Deps, 'db'>,
  { resourceId, state }: OpenResource,
  second: SecondKey,
  keys: readonly StoredKey[],
): Promise<SoughtKey | undefined> {
  const { current } = state.keyset
  const createdAt = keys.find(({ version }) => version === current)?.createdAt
  const former = keys.find(({ version }) => version === second.version)?.createdAt
  if (!createdAt || !former) return undefined
  const key = { createdAt, publishedAt: state.publishedAt }
  // It came to apps after it was made. One that was announced was made long before that, also where nobody wants the next key
  // any more; it came after its rotation began, and may have arrived long before that was confirmed.
  const openedAt = await findRotationOpenedAt(db, resourceId, second.version)
  const since = openedAt && openedAt > former ? openedAt : former
  return { ...key, former: { createdAt: since, publishedAt: since, successor: key } }
}

async function adoptionOf({ session }: OpenResource, key: SoughtKey): Promise<HerokuResult<Adoption>> {
  const limits = { mostAsked: MOST_APPS_ASKED, atOnce: ASKED_AT_ONCE, all: true }
  const apps = await appsWithKey(session, key, limits)
  if (!apps.ok) return UNSEEN.includes(apps.failure.kind) ? { ok: true, value: UNOBSERVABLE } : apps
  const lagging = apps.value
    .filter((app) => app.key.seen === 'on-former')
    .map(({ appName }) => shown(appName))
  const failed = apps.value.find((app) => app.key.seen === 'failed')?.key
  if (lagging.length === 0 && failed?.seen === 'failed') return { ok: false, failure: failed.failure }
  return { ok: true, value: { lagging, attached: apps.value } }
}

/** Heroku does not say which apps there are, to us or by this API. */
const UNSEEN: readonly FailureKind[] = ['refused', 'not-offered']

/** The name of an app as it is kept and told: whatever Heroku sent, it is letters, digits and dashes. */
function shown(appName: string): string {
  return appName === NOT_NAMED ? appName : appNameShown(appName)
}

/** Writes a scheduled rotation down, so that failures count as its attempts though no key is made yet. */
async function openIntent(group: Group, resource: OpenResource, step: Step, now: Date): Promise<void> {
  const { resourceId, fence, revision, state } = resource
  if (step.step !== 'create' || state.rotation || group.callSignal.aborted) return
  const { reason, dueAt } = step
  const to = openRotation(state, { reason, dueAt, openedBy: { type: 'worker' } }, now)
  await group.write({ resourceId, fence, revision, state, to, by: 'claim', events: [] })
}

/** Ends the claim until the next look, and tells of it the first time. */
async function holdBack(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  heldBack: HeldBack,
): Promise<Outcome> {
  const now = deps.now()
  const { resourceId, fence, revision, state, step, grace } = resource
  const { until } = heldBack
  const apps = heldBack.apps.join(', ')
  const what = step.step === 'create-filler' ? 'filler' : 'rotation'
  const details = { what, apps, until: until.toISOString() }
  const event: HistoryEvent = { at: now, kind: 'key-held-back', actor: { type: 'worker' }, details }
  const events = state.heldBack ? [] : [event]
  const to = afterHoldingBack(state, heldBack, grace, now)
  if (!(await group.write({ resourceId, fence, revision, state, to, by: 'claim', events }))) {
    return await giveBack(deps, resource)
  }
  if (!state.heldBack) deps.log.warn({ resourceId, what, apps, until }, 'key held back for apps')
  return 'waited'
}
