import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { cleanText } from '../../domain/clean-text.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import { grantExpiresAt } from '../../domain/grant.ts'
import { parseResourceId, RESOURCE_ID_PATTERN } from '../../domain/resource-id.ts'
import type { Deps } from '../../flows/deps.ts'
import { exchangeGrant } from '../../flows/grants/exchange-grants.ts'
import { createGrantFinish } from '../../flows/grants/finish-grant.ts'
import { changePlan } from '../../flows/provisioning/change-plan.ts'
import { deprovision } from '../../flows/provisioning/deprovision.ts'
import { createResourceInsert } from '../../flows/provisioning/insert-resource.ts'
import { type ProvisionRequest, provision } from '../../flows/provisioning/provision.ts'
import type { Readiness } from '../../flows/readiness.ts'
import type { Background } from '../background.ts'
import { REFUSALS } from '../errors.ts'

/** Postgres takes no zero character in a text. */
const Text = Type.String({ maxLength: 2_000, pattern: '^[^\\u0000]*$' })
const OptionalText = Type.Optional(Type.Union([Text, Type.Null()]))

/** Only what is used is described; Heroku may send more, and sends null where it has nothing. */
const ProvisionBody = Type.Object({
  uuid: Type.String({ pattern: RESOURCE_ID_PATTERN }),
  plan: Type.String({ maxLength: 200 }),
  name: OptionalText,
  region: OptionalText,
  log_input_url: OptionalText,
  options: Type.Optional(Type.Unknown()),
  oauth_grant: Type.Optional(
    Type.Union([Type.Object({ code: OptionalText, expires_at: Type.Optional(Type.Unknown()) }), Type.Null()]),
  ),
})
const PlanChangeBody = Type.Object({ plan: Type.String({ maxLength: 200 }) })
const PROVISIONED = 'Your keys are set and rotate by themselves. Sign with the first key, accept both.'
const IdParams = Type.Object({ id: Type.String() })

/** What is answered to a provision and a plan change; a field that is not listed is never sent. */
const ProvisionAnswer = Type.Object({
  id: Type.String(),
  config: Type.Optional(Type.Record(Type.String(), Type.String())),
  message: Type.String(),
})
const PlanChangeAnswer = Type.Object({ id: Type.String(), message: Type.String() })

/** The provisioning endpoints of the Add-on Partner API, version 3, below `/heroku/resources`. */
export function registerResources(
  server: FastifyInstance,
  deps: Deps,
  { background, readiness }: { background: Background; readiness: Readiness },
): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>()
  const insert = createResourceInsert(deps)
  const finish = createGrantFinish(deps)

  app.post(
    '/heroku/resources',
    { schema: { body: ProvisionBody, response: { 200: ProvisionAnswer, ...REFUSALS } } },
    async (request, reply) => {
      const { resourceId, config, grant } = await provision(
        deps,
        insert,
        provisionRequest(request.body, deps.now()),
        readiness.mayProvision,
      )
      // After the answer: Heroku takes the tokens into use only once it has it, and must not wait for our call.
      if (grant) {
        reply.raw.once('close', () => {
          background.run('grant exchange', () => exchangeGrant(deps, finish, grant))
        })
      }
      // A repeated request gets the very same answer, and no keys when Heroku repeats none any more.
      return { id: resourceId, ...(Object.keys(config).length > 0 && { config }), message: PROVISIONED }
    },
  )

  app.put(
    '/heroku/resources/:id',
    { schema: { body: PlanChangeBody, params: IdParams, response: { 200: PlanChangeAnswer, ...REFUSALS } } },
    async (request) => {
      const resourceId = resourceIdOf(request.params.id)
      const { outcome, plan } = await changePlan(deps, { resourceId, plan: planOf(request.body.plan) })
      const message =
        outcome === 'same-plan'
          ? `The add-on is on plan ${plan} already.`
          : `The add-on is now on plan ${plan}.`
      return { id: resourceId, message }
    },
  )

  app.delete(
    '/heroku/resources/:id',
    { schema: { params: IdParams, response: { 204: Type.Null(), ...REFUSALS } } },
    async (request, reply) => {
      await deprovision(deps, { resourceId: resourceIdOf(request.params.id) })
      return await reply.status(204).send(null)
    },
  )
}

function provisionRequest(body: Static<typeof ProvisionBody>, now: Date): ProvisionRequest {
  const code = body.oauth_grant?.code
  return {
    resourceId: body.uuid.toLowerCase(),
    name: cleanOrNull(body.name),
    plan: planOf(body.plan),
    region: cleanOrNull(body.region),
    options: optionsOf(body.options),
    grant: code ? { code, expiresAt: grantExpiresAt(body.oauth_grant?.expires_at, now) } : null,
    logInputUrl: body.log_input_url || null,
  }
}

function cleanOrNull(text: string | null | undefined): string | null {
  return text ? cleanText(text) || null : null
}

/** Heroku sends a plan's slug here, and `addon:slug` in its Platform API; either names it. */
function planOf(plan: string): string {
  return plan.slice(plan.indexOf(':') + 1)
}

/** A map of texts. Some clients write a map of nothing as an empty list; whatever else comes holds no option. */
function optionsOf(options: unknown): Readonly<Record<string, unknown>> {
  return typeof options === 'object' && options !== null ? { ...options } : {}
}

/** Ids are compared without regard to case; what is not a uuid at all names no resource of ours. */
function resourceIdOf(id: string): string {
  const resourceId = parseResourceId(id)
  if (!resourceId) throw new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
  return resourceId
}
