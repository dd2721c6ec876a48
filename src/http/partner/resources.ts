import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { SecurekeyError } from '../../domain/errors.ts'
import { parseResourceId } from '../../domain/resource-id.ts'
import type { Deps } from '../../flows/deps.ts'
import { changePlan } from '../../flows/provisioning/change-plan.ts'
import { deprovision } from '../../flows/provisioning/deprovision.ts'
import { REFUSALS } from '../errors.ts'
import { registerLegacyProvision } from './legacy-provision.ts'
import { type ProvisionParts, registerProvision } from './provision.ts'
import { planOf } from './provision-body.ts'

const PlanChangeBody = Type.Object({ plan: Type.String({ maxLength: 200 }) })
const IdParams = Type.Object({ id: Type.String() })

/** What is answered to a plan change, and by the legacy API to a deletion; a field that is not listed is never sent. */
const ChangeAnswer = Type.Object({ id: Type.String(), message: Type.String() })

/** The provisioning endpoints of the Add-on Partner API, version 3 or the legacy one, below `/heroku/resources`. */
export function registerResources(server: FastifyInstance, deps: Deps, parts: ProvisionParts): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>()
  const isLegacy = deps.settings.partnerApi === 'v1'
  if (isLegacy) registerLegacyProvision(server, deps, parts)
  else registerProvision(server, deps, parts)

  app.put(
    '/heroku/resources/:id',
    { schema: { body: PlanChangeBody, params: IdParams, response: { 200: ChangeAnswer, ...REFUSALS } } },
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
    { schema: { params: IdParams, response: { 200: ChangeAnswer, 204: Type.Null(), ...REFUSALS } } },
    async (request, reply) => {
      const resourceId = resourceIdOf(request.params.id)
      await deprovision(deps, { resourceId })
      // The legacy API documents 200, and wants JSON in every answer.
      if (isLegacy) return { id: resourceId, message: 'The add-on is gone, and so are its keys.' }
      return await reply.status(204).send(null)
    },
  )
}

/** Ids are compared without regard to case; what is not a uuid at all names no resource of ours. */
function resourceIdOf(id: string): string {
  const resourceId = parseResourceId(id)
  if (!resourceId) throw new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
  return resourceId
}
