import {
  changesOf,
  endpointVarName,
  MOST_ENDPOINT_VARS,
  mayTellChange,
  type PublishedEndpoints,
  varsAtHeroku,
  withChange,
} from '../../domain/endpoint-vars.ts'
import { isOfOwnKey } from '../../domain/errors.ts'
import { describeFailure, type FailureKind, type HerokuFailure } from '../../domain/heroku-failure.ts'
import { isOpen } from '../../domain/private-link-look.ts'
import { type ClaimedLink, notePublished } from '../../store/private-link-looks.ts'
import { sessionOf } from '../dashboard/attached-apps.ts'
import type { Deps } from '../deps.ts'
import type { LookResult } from './look-result.ts'

/** Nobody can ever tell Heroku, so nobody is waited for. */
const NEVER: readonly FailureKind[] = ['no-access-token', 'missing', 'not-offered', 'unreadable']
/** What Heroku holds of a link that is taken down is given up after so long. */
const GIVEN_UP_AFTER_MS = 86_400_000
const CALL_LIMIT_MS = 20_000

/**
 * Brings the config vars of the endpoints to Heroku where they have changed: all changes in one call, apart from that of the
 * keys. `again`: not yet, but soon. A failure: not yet, but later. `lost`: the claim is no longer ours.
 */
export async function publishEndpoints(
  deps: Deps,
  claimed: ClaimedLink,
  look: LookResult,
): Promise<'done' | 'again' | 'lost' | { failed: string }> {
  const { link, lives, at } = claimed
  if (!lives) return 'done'
  const vars = wantedVars(deps, claimed, look)
  const { published } = link
  if (!vars || Object.keys(changesOf(published.vars, vars)).length === 0) return 'done'
  // They are there in seconds: one restart of the apps tells of them too.
  if (look.entering) return 'again'
  // The end of a link ends the coming and going too.
  if (link.wanted === 'present' && !mayTellChange(published, at)) {
    deps.log.warn({ resourceId: claimed.resourceId }, 'private link: its endpoints change too often to tell')
    return 'done'
  }
  const result = await bring(deps, claimed, { ...published, vars })
  const isNoted = !result.published || (await notePublished(deps.db, claimed, result.published))
  if (!isNoted) return 'lost'
  const { failure } = result
  if (!failure) return 'done'
  const failed = `config vars: ${describeFailure(failure)}`
  deps.log.warn(
    { resourceId: claimed.resourceId, said: failed },
    'private link: config vars were not changed',
  )
  if (NEVER.includes(failure.kind)) return 'done'
  const isLate = link.wanted === 'absent' && at.getTime() - link.asked_at.getTime() >= GIVEN_UP_AFTER_MS
  return isLate ? 'done' : { failed }
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
    const name = endpointVarName(settings.configVarsPrefix, endpointId)
    const told = link.published.vars[name]
    if (state === 'available' && host !== null) return [{ name, value: `https://${host}/v1`, told }]
    // What is told already stays while AWS is only busy with the endpoint, or leaves its name out.
    return told !== undefined && isOpen({ state }) ? [{ name, value: told, told }] : []
  })
  if (!live) return undefined
  // Of too many always the same, whatever the order in which AWS lists them.
  const rank = ({ name, told }: { name: string; told: string | undefined }) => `${told ? 0 : 1} ${name}`
  const sorted = live.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, MOST_ENDPOINT_VARS)
  return Object.fromEntries(sorted.map(({ name, value }) => [name, value]))
}

/** `published`: what to write down, also of a call that failed, if it has restarted the apps. */
type Brought = { published?: PublishedEndpoints; failure?: HerokuFailure }

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
    const changes = changesOf(from, varsAtHeroku(to, prefix))
    if (Object.keys(changes).length === 0) return { published: to }
    const failedAfter = (failure: HerokuFailure): Brought => ({
      failure,
      // Whoever answers has restarted the apps, though he does not show what was sent.
      ...(failure.kind === 'mismatch' && { published: withChange(link.published, claimed.at) }),
    })
    const sent = await session.writeEndpointVars(changes)
    const counted = withChange(to, claimed.at)
    if (sent.ok) return { published: counted }
    if (to.how === 'together' || !isOfTheName(sent.failure)) return failedAfter(sent.failure)
    // Heroku takes no name that the manifest does not declare: then one that it does holds all of them.
    const together: PublishedEndpoints = { ...counted, how: 'together' }
    const left = sent.failure.kind === 'mismatch' ? await session.readEndpointVars() : held
    if (!left.ok) return failedAfter(sent.failure)
    const again = await session.writeEndpointVars(changesOf(left.value, varsAtHeroku(together, prefix)))
    if (!again.ok) return failedAfter(sent.failure.kind === 'mismatch' ? sent.failure : again.failure)
    deps.log.info({ resourceId }, 'private link: config vars are published together')
    return { published: together }
  } catch (error) {
    if (!isOfOwnKey(error)) throw error
    return { failure: { kind: 'own-key', detail: 'the own key of the add-on cannot be used' } }
  }
}

/** 422 for a name that is not declared, as Heroku's tools say it; 403 may say the same. An answer may leave it out too. */
function isOfTheName({ kind, status }: HerokuFailure): boolean {
  return kind === 'mismatch' || status === 422 || status === 403
}
