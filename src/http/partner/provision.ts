import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { Deps } from '../../flows/deps.ts'
import { exchangeGrant } from '../../flows/grants/exchange-grants.ts'
import { createGrantFinish } from '../../flows/grants/finish-grant.ts'
import { createResourceInsert } from '../../flows/provisioning/insert-resource.ts'
import { provision } from '../../flows/provisioning/provision.ts'
import type { Readiness } from '../../flows/readiness.ts'
import type { Background } from '../background.ts'
import { REFUSALS } from '../errors.ts'
import { grantOf, ProvisionAnswer, ProvisionBody, provisionAnswer, resourceOf } from './provision-body.ts'

export type ProvisionParts = { background: Background; readiness: Readiness }

/** `POST /heroku/resources` of the Add-on Partner API, version 3. */
export function registerProvision(
  server: FastifyInstance,
  deps: Deps,
  { background, readiness }: ProvisionParts,
): void {
  const insert = createResourceInsert(deps)
  const finish = createGrantFinish(deps)
  server
    .withTypeProvider<TypeBoxTypeProvider>()
    .post(
      '/heroku/resources',
      { schema: { body: ProvisionBody, response: { 200: ProvisionAnswer, ...REFUSALS } } },
      async (request, reply) => {
        const { body } = request
        const resourceId = body.uuid.toLowerCase()
        const wanted = { ...resourceOf(body), resourceId, grant: grantOf(body, deps.now()) }
        const provisioned = await provision(deps, insert, wanted, readiness.mayProvision)
        const { grant } = provisioned
        // After the answer: Heroku takes the tokens into use only once it has it, and must not wait for our call.
        if (grant) {
          reply.raw.once('close', () => {
            background.run('grant exchange', () => exchangeGrant(deps, finish, grant))
          })
        }
        return provisionAnswer(provisioned)
      },
    )
}
