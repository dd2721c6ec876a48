import rateLimit from '@fastify/rate-limit'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SecurekeyError } from '../../domain/errors.ts'
import type { Deps } from '../../flows/deps.ts'
import { addAccounts, removeAccounts } from '../../flows/private-link/change-accounts.ts'
import { createPrivateLink } from '../../flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../flows/private-link/destroy-link.ts'
import { type PrivateLinkView, readPrivateLink } from '../../flows/private-link/link-view.ts'
import type { PrivateLinkOutcome } from '../../flows/private-link/outcome.ts'
import { CHANGES_PER_HOUR, COUNTED, MINUTE_MS } from '../api/bearer.ts'
import { BODY_LIMIT_BYTES } from '../api/limits.ts'
import { handleError } from '../errors.ts'
import { registerJsonBody } from '../json-body.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { createDoor, refuse, WRONG_TOKEN } from './door.ts'
import { goneObject, linkObject } from './link-object.ts'
import { failureOf, NO_LINK, refusalOf } from './refusal.ts'

/** From one address and for one add-on. Heroku's `wait` asks twenty times a minute, in each terminal. */
const ASKED_PER_MINUTE = 90
const PATH = '/private-link/v0/databases/:addon'

/**
 * The API that Heroku's own plugin speaks (`heroku data:privatelink`, with `HEROKU_DATA_HOST`): its paths, fields and words.
 * The same is at `/v1/privatelink`.
 */
export async function registerPrivateLinkApi(
  app: FastifyInstance,
  deps: Deps,
  { userSignOn }: { userSignOn: boolean },
): Promise<void> {
  const door = createDoor(deps, { userSignOn })
  app.setErrorHandler(handleLinkError)
  await app.register(rateLimit, { global: false, cache: COUNTED })
  const ofAddress = app.createRateLimit({
    max: ASKED_PER_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `${addressOf(request)} ${addonIn(request)}`,
  })
  const ofChanges = app.createRateLimit({
    max: CHANGES_PER_HOUR,
    timeWindow: 60 * MINUTE_MS,
    keyGenerator: (request) => door.visitorOf(request).resourceId,
  })
  type Limit = typeof ofAddress
  const within = (limit: Limit) => async (request: FastifyRequest, reply: FastifyReply) => {
    const found = await limit(request)
    if (found.isAllowed || !found.isExceeded) return undefined
    logSecurityRefusal(request, 'too-many-requests')
    const retryAfterSeconds = Math.max(1, found.ttlInSeconds)
    const detail = 'Too many requests. Wait a little.'
    return refuse(reply, { name: 'too-many-requests', detail, retryAfterSeconds })
  }
  app.addHook('onRequest', within(ofAddress))
  app.addHook('onRequest', door.admit)
  registerJsonBody(app)

  const change = { bodyLimit: BODY_LIMIT_BYTES, onRequest: within(ofChanges) }
  const accountsOf = (request: FastifyRequest) => ({
    ...door.personOf(request),
    accounts: (request.body as { allowed_accounts?: unknown } | null | undefined)?.allowed_accounts,
  })

  app.get(PATH, async (request, reply) => {
    const view = await readPrivateLink(deps, door.visitorOf(request).resourceId)
    const refusal = view ? failureOf(view) : NO_LINK
    return view && !refusal ? named(request, view) : refuse(reply, refusal ?? NO_LINK)
  })
  app.post(PATH, change, async (request, reply) => {
    const done = await createPrivateLink(deps, accountsOf(request))
    // The same request again, of a link that has failed meanwhile.
    const failure = done.outcome === 'done' && done.view ? failureOf(done.view) : undefined
    return failure ? refuse(reply, failure) : sendOutcome(request, reply, done)
  })
  app.delete(PATH, change, async (request, reply) =>
    sendOutcome(request, reply, await destroyPrivateLink(deps, door.personOf(request))),
  )
  app.put(`${PATH}/allowed_accounts`, change, async (request, reply) =>
    sendOutcome(request, reply, await addAccounts(deps, accountsOf(request))),
  )
  app.patch(`${PATH}/allowed_accounts`, change, async (request, reply) =>
    sendOutcome(request, reply, await removeAccounts(deps, accountsOf(request))),
  )
}

function addonIn({ params }: FastifyRequest): string {
  return (params as { addon?: string }).addon ?? ''
}

/** The plugin looks into the name, so there must be one. */
function named(request: FastifyRequest, view: PrivateLinkView) {
  return linkObject({ ...view, addon: view.addon ?? addonIn(request) })
}

function sendOutcome(request: FastifyRequest, reply: FastifyReply, done: PrivateLinkOutcome): FastifyReply {
  if (done.outcome !== 'done') return refuse(reply, refusalOf(done))
  return reply.send(done.view ? named(request, done.view) : goneObject())
}

/** The same as everywhere, but that a token which has ended meanwhile is told what any wrong one is told. */
function handleLinkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): unknown {
  if (error instanceof SecurekeyError && error.code === 'unauthenticated') return refuse(reply, WRONG_TOKEN)
  return handleError(error, request, reply)
}
