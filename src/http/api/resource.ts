import { type Static, Type } from 'typebox'
import { appOfCheckIn } from '../../domain/check-in.ts'
import { attachedName } from '../../domain/config-vars.ts'
import { isScheduleStopped } from '../../domain/health-state.ts'
import { rotationId } from '../../domain/rotation-id.ts'
import { isHeldForGood } from '../../domain/upcoming.ts'
import { appsOf } from '../../flows/dashboard/apps-of.ts'
import type { AppsAnswer, AttachedApp } from '../../flows/dashboard/attached-apps.ts'
import { type Overview, readOverview } from '../../flows/dashboard/overview.ts'
import { wouldLogOut } from '../../flows/dashboard/would-log-out.ts'
import type { KeyLife } from '../../flows/key-lives.ts'
import type { ApiScope } from './api-scope.ts'
import { checkInViews, SaidCheckIn, WouldLogOutView, wouldLogOutView } from './check-in-view.ts'
import { Policy, policyView } from './policy.ts'
import { refusals } from './problems.ts'
import { WaitsForRestart, waitsForRestartView } from './restart-view.ts'
import { Moment, MomentOrNull, momentOf, NumberOrNull, oneOf, TextOrNull } from './schemas.ts'

const Key = Type.Object({
  kid: Type.String({ description: 'The first eight hex digits of the SHA-256 of the key’s text.' }),
  version: Type.Integer(),
  use: oneOf(
    ['sign', 'verify', 'next', 'filler', 'pending', 'revoked'],
    '`sign`: apps sign with it. `verify`: what it signed is accepted. `next`: announced, it signs after the next rotation. `filler`: nobody signs with it. `pending`: made, and not confirmed at Heroku yet. `revoked`: accepted no more.',
  ),
  made_at: Moment,
  published_at: MomentOrNull,
  accepted_until: MomentOrNull,
  revoked_at: MomentOrNull,
  seen: Type.Union([Type.Object({ good: Type.Integer(), bad: Type.Integer() }), Type.Null()], {
    description:
      'How many of its signatures processes have found right and wrong within a day, where they count.',
  }),
})

const App = Type.Object({
  name: Type.String(),
  config_var: Type.String(),
  adoption: oneOf(
    ['current', 'previous', 'not-yet', 'not-visible'],
    '`current`: its release carries the current key, so it signs with it. `previous`: it carries the one before. `not-yet`: it carries neither. `not-visible`: Heroku does not show it to us.',
  ),
  release: NumberOrNull,
  released_at: MomentOrNull,
  check_ins: Type.Array(SaidCheckIn, {
    description: 'What its processes said of themselves within a day, the newest 20.',
  }),
})

const Resource = Type.Object({
  id: Type.String(),
  name: TextOrNull,
  plan: Type.String(),
  customer_encryption_key: Type.Union([Type.String(), Type.Null()], {
    description: 'The ARN of your own key in AWS KMS that protects what we store; null where ours do.',
  }),
  health: Type.Object({
    state: Type.String({ description: '`well`, or what is wrong, as one word.' }),
    since: MomentOrNull,
    until: MomentOrNull,
    heading: Type.String(),
    advice: Type.String({ description: 'What to do, for people.' }),
  }),
  rotated_at: MomentOrNull,
  next_rotation_at: Type.Union([Moment, Type.Null()], {
    description: 'Null where no rotation is due before somebody has acted.',
  }),
  next_rotation_due_at: Type.Union([Moment, Type.Null()], {
    description:
      'Earlier than `next_rotation_at` where a window, a freeze, a pause, another restart, or an old key that is needed puts it off.',
  }),
  waits_for_restart: WaitsForRestart,
  next_rotations: Type.Array(Moment, {
    description: 'When the next five are served, if nobody changes anything; empty where none is to come.',
  }),
  rotation: Type.Union([Type.String(), Type.Null()], { description: 'The id of the one under way.' }),
  keys: Type.Array(Key, { description: 'The live keys, the newest first. Never their texts.' }),
  policy: Policy,
  apps: Type.Union([Type.Array(App), Type.Null()], {
    description: 'Null where Heroku did not tell us; ask again later.',
  }),
  check_ins: Type.Array(SaidCheckIn, {
    description: 'Of processes that named none of these apps, the newest 20.',
  }),
  would_log_out: WouldLogOutView,
})

/** What the add-on of a token is and how it is doing. */
export function registerResource({ app, deps, apps, bearer }: ApiScope): void {
  app.get(
    '/resource',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'getResource',
        summary: 'The add-on',
        description: 'Its health, dates, keys by id, policy, and the apps with what each of them signs with.',
        security: [{ token: ['read'] }],
        response: { 200: Resource, ...refusals() },
      },
    },
    async (request) => {
      const { resourceId } = bearer.callerOf(request)
      const overview = await readOverview(deps, resourceId)
      const answer = await appsOf(apps, overview)
      const { configVar, configVarsPrefix } = deps.settings
      return resourceView(overview, answer, (name) => attachedName(configVar, configVarsPrefix, name))
    },
  )
}

function resourceView(
  overview: Overview,
  apps: AppsAnswer,
  configVarOf: (attachmentName: string) => string,
): Static<typeof Resource> {
  const {
    resourceId: id,
    name,
    plan,
    health,
    now,
    nextRotationAt,
    dueAt,
    rotation,
    keys,
    checkIns,
  } = overview
  const { state, since, until, heading, customer: advice } = health
  const isHeld = isScheduleStopped(state) || isHeldForGood(overview)
  const current = keys.find(({ stage }) => stage === 'current')
  const attached = apps.outcome === 'known' ? apps.apps : []
  const ofApp = Map.groupBy(checkIns, (each) => appOfCheckIn(each, attached)?.appId)
  const told = (appId?: string) => checkInViews(ofApp.get(appId) ?? [], keys, now)
  return {
    id,
    name,
    plan,
    customer_encryption_key: overview.ownKeyArn,
    health: { state, since: momentOf(since), until: momentOf(until), heading, advice },
    rotated_at: momentOf(current?.publishedAt),
    next_rotation_at: isHeld ? null : momentOf(nextRotationAt),
    next_rotation_due_at: isHeld ? null : momentOf(dueAt),
    waits_for_restart: waitsForRestartView(overview.waitsFor),
    next_rotations: isHeld ? [] : overview.upcoming.map(({ servedAt }) => momentOf(servedAt)),
    rotation: rotation && rotationId(rotation),
    keys: keys.filter(({ stage }) => stage !== 'retired').map((key) => keyView(key, overview)),
    policy: policyView(overview),
    apps:
      apps.outcome === 'known'
        ? attached.map((each) => ({ ...appView(each, configVarOf), check_ins: told(each.appId) }))
        : null,
    check_ins: told(),
    would_log_out: wouldLogOutView(wouldLogOut(overview, apps)),
  }
}

function keyView(key: KeyLife, { seen }: Overview): Static<typeof Key> {
  const counted = seen.find(({ kid }) => kid === key.fingerprint)
  return {
    kid: key.fingerprint,
    version: key.version,
    use: useOf(key),
    made_at: momentOf(key.createdAt),
    published_at: momentOf(key.publishedAt),
    accepted_until: momentOf(key.graceEndsAt),
    revoked_at: momentOf(key.revokedAt),
    seen: counted ? { good: counted.good, bad: counted.bad } : null,
  }
}

function useOf({ stage, filler, revokedAt }: KeyLife): Static<typeof Key>['use'] {
  if (revokedAt) return 'revoked'
  if (stage === 'pending' || stage === 'next') return stage
  if (filler) return 'filler'
  return stage === 'current' ? 'sign' : 'verify'
}

function appView(
  { appName, attachmentName, key }: AttachedApp,
  configVarOf: (attachmentName: string) => string,
): Omit<Static<typeof App>, 'check_ins'> {
  const release = key.seen === 'on-release' ? key.release : undefined
  return {
    name: appName,
    config_var: configVarOf(attachmentName),
    adoption: adoptionOf(key.seen),
    release: release?.version ?? null,
    released_at: momentOf(release?.createdAt),
  }
}

function adoptionOf(seen: AttachedApp['key']['seen']): Static<typeof App>['adoption'] {
  if (seen === 'on-release') return 'current'
  if (seen === 'on-former') return 'previous'
  return seen === 'not-yet' ? 'not-yet' : 'not-visible'
}
