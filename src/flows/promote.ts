import DataLoader from 'dataloader'
import type { AuditEvent } from '../domain/audit.ts'
import type { KeyVersion } from '../domain/keyset.ts'
import { isPaused, nextRotationWhenPaused, type Pause } from '../domain/pause.ts'
import {
  afterTransitions,
  decideStep,
  fillerPromotion,
  nextWakeAt,
  type Pair,
  promotion,
  type Situation,
  type Transition,
} from '../domain/rotation.ts'
import { CHECK_AFTER_DOUBT_MS, CHECK_AFTER_PUSH_MS, nextRotationAt } from '../domain/schedule.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { type ClaimedResource, lockClaimedResources } from '../store/claimed-resources.ts'
import type { Trx } from '../store/database.ts'
import { applyTransitions } from '../store/key-versions.ts'
import { setMissingSince } from '../store/resources.ts'
import { closeRotations } from '../store/rotations.ts'
import { type Settlement, settleClaims } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { groupOrEach } from './group-or-each.ts'

/** A pair that Heroku has confirmed, to be made the truth here. */
export type Confirmed = {
  /** As it stood when the push began. */
  resource: ClaimedResource
  pair: Pair
  publishedAt: Date
  /** It was not the first attempt, so an older call may still arrive at Heroku. */
  retried: boolean
}

/** `overtaken`: the claim was taken over or the situation changed; whoever holds the resource now reads the config back. */
export type PromoteOutcome = 'promoted' | 'overtaken'

const FLUSH_AFTER_MS = 20
const LARGEST_FLUSH = 500

/**
 * Gathers confirmations for 20 ms, and for as long as the ones before are being written, and promotes them together:
 * the faster they come, the fewer statements each costs. One that is lost with the process is read back later.
 */
export function createPromoter(deps: Deps): (confirmed: Confirmed) => Promise<PromoteOutcome> {
  let writing: Promise<unknown> = Promise.resolve()
  const loader = new DataLoader(
    (group: readonly Confirmed[]) => {
      const promoted = groupOrEach(group, (items) => promoteGroup(deps, items))
      writing = promoted.catch(() => undefined)
      return promoted
    },
    {
      cache: false,
      maxBatchSize: LARGEST_FLUSH,
      batchScheduleFn: (flush) => setTimeout(() => void writing.then(flush), FLUSH_AFTER_MS),
    },
  )
  return (confirmed) => loader.load(confirmed)
}

/** What becomes of one resource in a promotion. */
type Promotion = {
  resource: ClaimedResource
  publishedAt: Date
  retried: boolean
  transitions: Transition[]
  next: Date
  filler: boolean
}

/**
 * The step `promote` for a group, in one transaction: stages, rotation, next date, audit rows and the end of the claim.
 * Where nobody has changed the resource since its push began, what was decided then still holds, and the statement that
 * ends its claim says so; where somebody has, its rows are locked, read and the decision asked again.
 * Answers in the order of the group.
 */
export async function promoteGroup(deps: Deps, group: readonly Confirmed[]): Promise<PromoteOutcome[]> {
  const now = deps.now()
  const promotions = await deps.db.transaction().execute(async (trx) => {
    const planned = group.flatMap((confirmed) => planPromotion(confirmed.resource, confirmed, now))
    const settled = await settleClaims(
      trx,
      planned.map((p) => ({ ...settlementOf(p, now), revision: p.resource.revision })),
      now,
    )
    const isSettled = ({ claim }: ClaimedResource) => settled.get(claim.resourceId) === claim.attempt
    const unchanged = planned.filter(({ resource }) => isSettled(resource))
    const changed = await planAgain(
      trx,
      group.filter(({ resource }) => !isSettled(resource)),
      now,
    )
    await writePromotions(trx, [...unchanged, ...changed], now)
    // After their rotations were closed, so that one which was requested meanwhile is seen.
    await settleClaims(
      trx,
      changed.map((p) => settlementOf(p, now)),
      now,
    )
    return [...unchanged, ...changed]
  })
  for (const p of promotions) logPromotion(deps, p)
  const promoted = new Map(promotions.map(({ resource: { claim } }) => [claim.resourceId, claim.attempt]))
  return group.map(({ resource: { claim } }) => {
    return promoted.get(claim.resourceId) === claim.attempt ? 'promoted' : 'overtaken'
  })
}

/** The decision on resources that somebody changed during the push, as they stand now. */
async function planAgain(trx: Trx, group: readonly Confirmed[], now: Date): Promise<Promotion[]> {
  const fresh = await lockClaimedResources(
    trx,
    group.map(({ resource }) => resource.claim),
  )
  return fresh.flatMap((resource) => {
    // By claim: a confirmation that waited out its lease may stand beside that of its successor.
    const confirmed = group.find(({ resource: { claim } }) => {
      return claim.resourceId === resource.claim.resourceId && claim.attempt === resource.claim.attempt
    })
    return confirmed ? planPromotion(resource, confirmed, now) : []
  })
}

async function writePromotions(trx: Trx, promotions: readonly Promotion[], now: Date): Promise<void> {
  await applyTransitions(
    trx,
    promotions.flatMap(({ resource, transitions, publishedAt }) =>
      transitions.map((t) => ({
        ...t,
        resourceId: resource.claim.resourceId,
        publishedAt: t.to === 'current' || t.version === pendingFillerOf(resource) ? publishedAt : null,
      })),
    ),
    now,
  )
  await closeRotations(
    trx,
    promotions.flatMap(({ resource: { claim, rotation }, filler, publishedAt }) =>
      rotation && !filler ? [{ resourceId: claim.resourceId, rotationId: rotation.id, publishedAt }] : [],
    ),
    now,
  )
  // Rare enough for a statement each: Heroku once answered 404 for it and has now taken its keys.
  for (const { resource } of promotions) {
    if (resource.missing) await setMissingSince(trx, resource.claim.resourceId, null)
  }
  await insertAuditEvents(
    trx,
    promotions.flatMap((p) => auditOf(p, now)),
  )
}

/** Nothing when the resource no longer waits for this very pair. */
function planPromotion(resource: ClaimedResource, confirmed: Confirmed, now: Date): Promotion[] {
  const { situation, periodMs, rotation } = resource
  const { pair, publishedAt, retried } = confirmed
  const step = decideStep(situation, now)
  if (step.step !== 'publish' && step.step !== 'publish-filler') return []
  if (step.pair.first !== pair.first || step.pair.second !== pair.second) return []
  if (step.step === 'publish-filler') {
    const transitions = fillerPromotion(situation.keyset)
    return [{ resource, publishedAt, retried, transitions, next: situation.nextRotationAt, filler: true }]
  }
  if (!rotation) return []
  const next = nextRotationAt(rotation.dueAt, periodMs, now)
  const transitions = promotion(situation.keyset, rotation.reason, {
    grace: situation.grace,
    publishedAt,
    nextRotationAt: next,
  })
  return [{ resource, publishedAt, retried, transitions, next, filler: false }]
}

function settlementOf({ resource, transitions, next, filler, retried }: Promotion, now: Date): Settlement {
  const { situation, rotation, claim } = resource
  const doubt = retried || (!filler && rotation?.reason === 'revoke')
  const checkAt = new Date(now.getTime() + (doubt ? CHECK_AFTER_DOUBT_MS : CHECK_AFTER_PUSH_MS))
  const pause = filler ? situation.pause : pauseAfterRotation(situation, now)
  const nextRotationAt = !filler && pause ? nextRotationWhenPaused(next, pause) : next
  const keyset = afterTransitions(situation.keyset, transitions)
  const wakeAt = nextWakeAt({ ...situation, keyset, pause, nextRotationAt, checkAt }, now)
  return { claim, wakeAt, failures: 0, nextRotationAt, checkAt, ...(pause ? { pause } : {}) }
}

/** A rotation by hand while a pause is on: the pause goes on, and a whole period is left when it ends. */
function pauseAfterRotation({ pause }: Situation, now: Date): Pause | null {
  return pause && isPaused(pause, now) ? { ...pause, at: now } : null
}

function pendingFillerOf({ situation }: ClaimedResource): number | undefined {
  return situation.keyset.find((key) => key.stage === 'pending' && key.filler)?.version
}

function auditOf({ resource, transitions, next, filler }: Promotion, now: Date): AuditEvent[] {
  const keys = new Map(resource.situation.keyset.map((key) => [key.version, key]))
  return transitions.flatMap(({ version, to }): AuditEvent[] => {
    const key: KeyVersion | undefined = keys.get(version)
    const event = {
      resourceId: resource.claim.resourceId,
      at: now,
      actor: { type: 'worker' } as const,
      version,
    }
    const print = key ? { fingerprint: key.fingerprint } : {}
    if (to === 'retired') return [{ ...event, ...print, action: 'key-retired' }]
    if (to === 'previous' && filler) return [{ ...event, ...print, action: 'filler-published' }]
    if (to !== 'current') return []
    const details = { reason: resource.rotation?.reason ?? null, nextRotationAt: next.toISOString() }
    return [{ ...event, ...print, action: 'key-promoted', details }]
  })
}

function logPromotion(deps: Deps, { resource, transitions, next, filler }: Promotion): void {
  const { resourceId } = resource.claim
  if (filler) {
    deps.log.info({ resourceId }, 'filler published, previous key retired')
    return
  }
  const version = transitions.find((t) => t.to === 'current')?.version
  const reason = resource.rotation?.reason
  deps.log.info({ resourceId, reason, version, nextRotationAt: next }, 'rotation promoted')
}
