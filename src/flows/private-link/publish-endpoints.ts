import {
  changesOf,
  endpointVarName,
  MOST_ENDPOINT_VARS,
  type PublishedEndpoints,
  varsAtHeroku,
} from '../../domain/endpoint-vars.ts'
import { isOfOwnKey } from '../../domain/errors.ts'
import { describeFailure, type FailureKind, type HerokuFailure } from '../../domain/heroku-failure.ts'
import { type ClaimedLink, notePublished } from '../../store/private-link-looks.ts'
import { sessionOf } from '../dashboard/attached-apps.ts'
import type { Deps } from '../deps.ts'
import type { HerokuSession } from '../heroku/heroku-session.ts'
import type { LookResult } from './look-result.ts'

/** Nobody can ever tell Heroku, so nobody is waited for. */
const NEVER: readonly FailureKind[] = ['no-access-token', 'missing', 'not-offered', 'unreadable']
/** What Heroku holds of a link that is taken down is given up after so long. */
const GIVEN_UP_AFTER_MS = 86_400_000
const CALL_LIMIT_MS = 20_000

/**
 * Brings the config vars of the endpoints to Heroku where they have changed: all changes in one call, apart from that of the
 * keys. `again`: not yet, but later. `lost`: the claim is no longer ours.
 */
export async function publishEndpoints(
  deps: Deps,
  claimed: ClaimedLink,
  look: LookResult,
): Promise<'done' | 'again' | 'lost'> {
  const { link, lives, at } = claimed
  if (!lives) return 'done'
  const vars = wantedVars(deps, claimed, look)
  const { published } = link
  if (!vars || Object.keys(changesOf(published.vars, vars)).length === 0) return 'done'
  // They are there in seconds: one restart of the apps tells of them too.
  if (look.entering) return 'again'
  const result = await bring(deps, claimed, { how: published.how, vars })
  if ('published' in result) {
    return (await notePublished(deps.db, claimed, result.published)) ? 'done' : 'lost'
  }
  const { failure } = result
  deps.log.warn(
    { resourceId: claimed.resourceId, said: describeFailure(failure) },
    'private link: config vars were not changed',
  )
  if (NEVER.includes(failure.kind)) return 'done'
  const isLate = link.wanted === 'absent' && at.getTime() - link.asked_at.getTime() >= GIVEN_UP_AFTER_MS
  return isLate ? 'done' : 'again'
}

/** Undefined: what endpoints there are is not known, so all stays as it is. */
function wantedVars(
  { settings }: Pick<Deps, 'settings'>,
  { link }: ClaimedLink,
  { connections }: LookResult,
): Record<string, string> | undefined {
  if (link.wanted === 'absent') return {}
  const named = settings.privateLink?.dnsName
  const live = connections?.flatMap(({ endpointId, state, dnsName }) => {
    const host = named ?? dnsName
    if (state !== 'available' || host === null) return []
    return [[endpointVarName(settings.configVarsPrefix, endpointId), `https://${host}/v1`] as const]
  })
  return live && Object.fromEntries(live.slice(0, MOST_ENDPOINT_VARS))
}

type Brought = { published: PublishedEndpoints } | { failure: HerokuFailure }

async function bring(deps: Deps, claimed: ClaimedLink, to: PublishedEndpoints): Promise<Brought> {
  const { resourceId, link } = claimed
  try {
    const session = await sessionOf(deps, resourceId, AbortSignal.timeout(CALL_LIMIT_MS))
    if (!session) return { failure: { kind: 'missing', detail: 'the add-on was deprovisioned' } }
    const prefix = deps.settings.configVarsPrefix
    // An earlier look may have brought them and died: what is there already is not sent again, since it restarts apps.
    const held = await session.readEndpointVars()
    if (!held.ok) return { failure: held.failure }
    const from = { ...varsAtHeroku(link.published, prefix), ...held.value }
    const sent = await send(session, changesOf(from, varsAtHeroku(to, prefix)))
    if (sent.ok) return { published: to }
    if (to.how === 'together' || !isOfTheName(sent.failure)) return { failure: sent.failure }
    // Heroku takes no name that the manifest does not declare: then one that it does holds all of them.
    const together: PublishedEndpoints = { how: 'together', vars: to.vars }
    const again = await send(session, changesOf(held.value, varsAtHeroku(together, prefix)))
    if (!again.ok) return { failure: again.failure }
    deps.log.info({ resourceId }, 'private link: config vars are published together')
    return { published: together }
  } catch (error) {
    if (!isOfOwnKey(error)) throw error
    return { failure: { kind: 'own-key', detail: 'the own key of the add-on cannot be used' } }
  }
}

async function send(session: HerokuSession, changes: Record<string, string | null>) {
  if (Object.keys(changes).length === 0) return { ok: true, value: undefined } as const
  return await session.writeEndpointVars(changes)
}

/** 422 for a name that is not declared, as Heroku's tools say it; the legacy API answers 403. An answer may leave it out too. */
function isOfTheName({ kind, status }: HerokuFailure): boolean {
  return kind === 'mismatch' || status === 422 || status === 403
}
