import { type AddonOptions, describeOptions } from '../../domain/addon-options.ts'
import { ANY_TIME } from '../../domain/calendar.ts'
import { firstDueAt } from '../../domain/first-date.ts'
import type { HistoryEvent, NamedKey } from '../../domain/history.ts'
import type { Plan } from '../../domain/plan.ts'
import { type ResourceState, stateAtProvision } from '../../domain/resource-state.ts'
import { nextRotationAt } from '../../domain/schedule.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import type { NewGrant } from '../../store/oauth-grants.ts'
import type { NewResource } from '../../store/resources.ts'
import type { NewKey } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import { makeKey } from '../make-key.ts'
import { firstTargets } from '../notices/first-targets.ts'
import type { ProvisionRequest } from './provision-request.ts'

/** What a new resource is made for: the request as it was judged, and the data key that everything of it is sealed by. */
export type Making = {
  request: ProvisionRequest
  plan: Plan
  options: AddonOptions
  sealer: ResourceSealer
  dek: WrappedDek
  sealedLogInputUrl: NewResource['sealedLogInputUrl']
  grant: NewGrant | null
  epoch: number
  now: Date
}

/** A key with its text, which stands nowhere else. */
export type MadeKey = { text: string; key: NewKey }

/** What a new resource begins with. `told`: what its history says behind the row that it was made. */
export type FirstKeys = {
  state: ResourceState
  keys: readonly MadeKey[]
  current: MadeKey & { madeAt?: Date; publishedAt?: Date }
  filler: MadeKey | null
  told: readonly HistoryEvent[]
}

/** Two fresh keys, and the next one where it is to be announced. */
export function freshKeys(deps: Deps, making: Making): FirstKeys {
  const { request, plan, options, sealer, epoch, now } = making
  const { resourceId } = request
  // Nobody has signed with it, so it is a filler; it stands there since consumers expect two keys from the start.
  const filler = makeKey(deps, sealer, resourceId, 1)
  const current = makeKey(deps, sealer, resourceId, 2)
  // Announced with the answer, it costs no release.
  const next = options.announcesNext ? makeKey(deps, sealer, resourceId, 3) : undefined
  const { windows, tokenLifeMs } = options
  const spread = deps.settings.spreadMs > 0
  const first = spread
    ? firstDueAt({ resourceId, periodMs: plan.periodMs, windows }, now)
    : nextRotationAt(now, plan.periodMs, now, windows)
  const checkAt = firstCheckAt(deps, now)
  const calendar = { ...ANY_TIME, windows }
  const versions = { current: 2, filler: 1, next: next?.key.version ?? null }
  return {
    state: stateAtProvision({ ...versions, epoch, checkAt, calendar, tokenLifeMs }, first, now),
    keys: [filler, current, ...(next ? [next] : [])],
    current,
    filler,
    told: next ? [announced(next, now)] : [],
  }
}

/** When Heroku's config is first compared with what was answered. */
export function firstCheckAt({ settings }: Pick<Deps, 'settings'>, now: Date): Date {
  return new Date(now.getTime() + settings.checkEveryMs)
}

/** How the history tells of a next key that an add-on has from the start. */
export function announced({ key }: MadeKey, at: Date): HistoryEvent {
  return { at, kind: 'next-announced', actor: { type: 'heroku' }, key: named(key) }
}

/** A new key by its name. */
export function named({ version, fingerprint }: NewKey): NamedKey {
  return { version, fingerprint }
}

/** A new resource, ready to be stored. */
export function newResource(
  deps: Deps,
  { request, plan, options, dek, sealedLogInputUrl, grant, now }: Making,
  { state, keys, current, filler, told }: FirstKeys,
): NewResource {
  const { resourceId, name, region, legacy } = request
  const { madeAt, publishedAt } = current
  return {
    id: resourceId,
    name,
    plan: plan.name,
    region,
    periodMs: plan.periodMs,
    options,
    dek,
    sealedLogInputUrl,
    legacy,
    keys: keys.map(({ key }) => key),
    grant,
    state,
    targets: firstTargets(deps, {
      subject: { resourceId, name },
      state,
      options,
      periodMs: plan.periodMs,
    }),
    events: [
      {
        at: now,
        kind: 'provisioned',
        actor: { type: 'heroku' },
        key: named(current.key),
        ...(filler && { filler: named(filler.key) }),
        ...(madeAt && { madeAt }),
        ...(publishedAt && { publishedAt }),
        details: { plan: plan.name, ...describeOptions(options) },
      },
      ...told,
    ],
  }
}
