import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { cleanText } from '../../domain/clean-text.ts'
import type { Deps } from '../../flows/deps.ts'
import { createResourceInsert } from '../../flows/provisioning/insert-resource.ts'
import { type LegacyProvisionRequest, provisionLegacy } from '../../flows/provisioning/provision-legacy.ts'
import type { Readiness } from '../../flows/readiness.ts'
import { REFUSALS } from '../errors.ts'
import {
  grantOf,
  LegacyProvisionBody,
  ProvisionAnswer,
  provisionAnswer,
  resourceOf,
} from './provision-body.ts'

/** `POST /heroku/resources` of the legacy API. */
export function registerLegacyProvision(
  server: FastifyInstance,
  deps: Deps,
  { readiness }: { readiness: Readiness },
): void {
  const insert = createResourceInsert(deps)
  server
    .withTypeProvider<TypeBoxTypeProvider>()
    .post(
      '/heroku/resources',
      { schema: { body: LegacyProvisionBody, response: { 200: ProvisionAnswer, ...REFUSALS } } },
      async (request) => {
        const wanted = legacyRequest(request.body, deps.now())
        return provisionAnswer(await provisionLegacy(deps, insert, wanted, readiness.mayProvision))
      },
    )
}

function legacyRequest(body: Static<typeof LegacyProvisionBody>, now: Date): LegacyProvisionRequest {
  return {
    ...resourceOf(body),
    uuid: body.uuid?.toLowerCase() ?? null,
    herokuId: idOf(body.heroku_id),
    callbackUrl: body.callback_url?.trim() || null,
    grant: grantOf(body, now),
  }
}

const LONGEST_ID = 200

/** One that is too long or holds unseen characters is none: cut off, it could be another add-on's. */
function idOf(text: string | null | undefined): string | null {
  const id = text?.trim() ?? ''
  return id !== '' && id.length <= LONGEST_ID && cleanText(id) === id ? id : null
}
