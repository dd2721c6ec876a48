import { ANY_TIME } from '../../domain/calendar.ts'
import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import { type ForkSource, forkProblem, forkTerms, stateAfterFork, whyNotForked } from '../../domain/fork.ts'
import type { GracePeriod } from '../../domain/grace.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { keyFromBytes } from '../../domain/key.ts'
import { liveVersions } from '../../domain/keyset.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { type StoredForkCode, spendForkCode } from '../../store/fork-codes.ts'
import { recordEvents } from '../../store/history.ts'
import { insertResources, type Resource } from '../../store/resources.ts'
import { findKeys, type StoredKey } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'
import { makeKey } from '../make-key.ts'
import { underDataKey } from '../under-data-key.ts'
import {
  announced,
  type FirstKeys,
  firstCheckAt,
  type MadeKey,
  type Making,
  named,
  newResource,
} from './new-resource.ts'

/** A resource that was stored with the keys of another. */
export type TakenOver = FirstKeys & { grace: GracePeriod }

/**
 * Stores a resource with the keys of the add-on of that code, sealed anew under its own data key, and uses the code up: both
 * in one transaction, under the lock of the old add-on, so of two requests with one code one is served, and a request that
 * fails loses none. `no-code`: it was used or ended meanwhile. Undefined: there is a resource of that id by now, and the code
 * is as it was. Throws `invalid-option` with what keeps the keys where they are.
 */
export async function takeOverKeys(
  deps: Deps,
  making: Making,
  code: StoredForkCode,
): Promise<TakenOver | 'no-code' | undefined> {
  try {
    return await underDataKey(deps, { resourceId: code.resourceId }, async (oldSealer, locked, trx) => {
      // Whatever is refused after this gives it back.
      if (!(await spendForkCode(trx, code))) return 'no-code'
      const { resource: old, stored } = locked
      const why = whyNotForked(stored.state)
      if (why) throw refused(`names an add-on that ${why}. Nothing was made, and the code is still good`)
      const source = { state: stored.state, grace: old.grace, periodMs: old.periodMs }
      const { options, ...rest } = making
      const { terms, kept } = optionsOf(deps, making, source)
      const taken = firstKeys(deps, making, {
        source,
        terms,
        old,
        oldSealer,
        stored: await findKeys(trx, old.id),
      })
      const resource = newResource(deps, { ...rest, options: kept }, taken)
      const inserted = await insertResources(trx, [resource], making.now)
      if (inserted.size === 0) throw new MadeMeanwhile()
      await recordEvents(trx, [{ resourceId: old.id, events: [toldTo(making)] }])
      return { ...taken, grace: terms.grace }
    })
  } catch (error) {
    if (error instanceof MadeMeanwhile) return undefined
    if (isOver(error)) return 'no-code'
    if (!isOfOwnKey(error)) throw error
    const { message } = error as SecurekeyError
    throw refused(`names an add-on whose keys cannot be opened. It says: ${message}`)
  }
}

/** Undoes everything: a request with the same id was faster. */
class MadeMeanwhile extends Error {}

/** The add-on of the code was removed since. */
function isOver(error: unknown): boolean {
  return (
    error instanceof SecurekeyError && (error.code === 'resource-gone' || error.code === 'unknown-resource')
  )
}

/** One sentence, whatever is wrong with a code: nobody learns what there is, or was. */
export function noSuchCode(): SecurekeyError {
  return refused(
    'needs a code that was made on the add-on whose keys are to be taken over, within the last hour, and not used since: make one there, on its dashboard or with heroku securekey:fork-code. The name of an add-on is no code',
  )
}

function refused(problem: string): SecurekeyError {
  return new SecurekeyError('invalid-option', `The option --fork ${problem}.`)
}

function optionsOf(deps: Deps, { options, plan, now }: Making, source: ForkSource) {
  const stated = options.fork?.stated ?? { grace: false, tokenLife: false }
  const terms = forkTerms(source, { ...options, stated, periodMs: plan.periodMs })
  const problem = forkProblem(source, terms, deps.settings.plans, now)
  if (problem) throw refused(problem)
  const { fork: _, ...others } = options
  const { grace, tokenLifeMs, announcesNext } = terms
  return { terms, kept: { ...others, grace, tokenLifeMs, announcesNext } }
}

type Old = {
  source: ForkSource
  terms: ReturnType<typeof forkTerms>
  old: Resource
  oldSealer: ResourceSealer
  stored: readonly StoredKey[]
}

function firstKeys(
  deps: Deps,
  { request, options, sealer, epoch, now }: Making,
  { source, terms, old, oldSealer, stored }: Old,
): FirstKeys {
  const { resourceId } = request
  const { keyset, lastVersion } = source.state
  const needsNext = terms.announcesNext && !keyset.next?.announced
  const next = needsNext ? makeKey(deps, sealer, resourceId, lastVersion + 1) : undefined
  const checkAt = firstCheckAt(deps, now)
  const calendar = { ...ANY_TIME, windows: options.windows }
  const nextMade = next?.key.version ?? null
  const state = stateAfterFork(source, { terms, nextMade, epoch, checkAt, calendar }, now)
  const kept = new Map<number, MadeKey>()
  for (const version of liveVersions(state.keyset)) {
    const key = stored.find((each) => each.version === version)
    if (key) kept.set(version, sealedAnew(key))
  }
  const of = (version: number): MadeKey => {
    const key = kept.get(version)
    if (!key) throw new Error(`key version ${version} is not stored`)
    return key
  }
  const { current, second } = state.keyset
  const from = { from: old.name ?? old.id, fromId: old.id, versions: [...kept.keys()].join(', ') }
  const former = second.filler ? undefined : of(second.version)
  const takenOver: HistoryEvent = {
    at: now,
    kind: 'forked',
    actor: { type: 'heroku' },
    ...(former && { key: named(former.key), madeAt: madeAt(former), publishedAt: madeAt(former) }),
    details: from,
  }
  const announcedKey = next ?? (state.keyset.next && of(state.keyset.next.version))
  return {
    state,
    keys: [...kept.values(), ...(next ? [next] : [])],
    current: { ...of(current), madeAt: madeAt(of(current)), publishedAt: state.publishedAt },
    filler: second.filler ? of(second.version) : null,
    told: [
      takenOver,
      ...(announcedKey ? [{ ...announced(announcedKey, now), madeAt: madeAt(announcedKey) }] : []),
    ],
  }

  function sealedAnew(theirs: StoredKey): MadeKey {
    const { version, digest, createdAt } = theirs
    const bytes = oldSealer.openKey(version, theirs.sealed)
    const { fingerprint } = namedKeyOf(theirs)
    const sealed = sealer.sealKey(version, bytes)
    return { text: keyFromBytes(bytes), key: { resourceId, version, fingerprint, digest, createdAt, sealed } }
  }

  function madeAt({ key }: MadeKey): Date {
    return key.createdAt ?? now
  }
}

/** How the old add-on is told that its keys were handed over. */
function toldTo({ request, now }: Making): HistoryEvent {
  const details = { to: request.name ?? request.resourceId, toId: request.resourceId }
  return { at: now, kind: 'forked', actor: { type: 'heroku' }, details }
}
