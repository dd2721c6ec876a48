import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { AttachedApps } from '../../flows/dashboard/attached-apps.ts'
import type { Deps } from '../../flows/deps.ts'
import type { Bearer } from './bearer.ts'

/** What the routes of the API share. */
export type ApiScope = {
  app: FastifyInstance<
    RawServerDefault,
    RawRequestDefaultExpression,
    RawReplyDefaultExpression,
    FastifyBaseLogger,
    TypeBoxTypeProvider
  >
  deps: Deps
  apps: AttachedApps
  bearer: Bearer
}
