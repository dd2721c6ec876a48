import { hash, timingSafeEqual } from 'node:crypto'
import basicAuth from '@fastify/basic-auth'
import type { FastifyInstance } from 'fastify'
import { SecurekeyError } from '../../domain/errors.ts'

/**
 * Asks Heroku's credentials of every route of this scope: user is the manifest's id, password the manifest's
 * password. It comes before parsing and look-up, so that nobody learns which resources exist (Add-on Partner API).
 */
export async function registerAuthentication(
  app: FastifyInstance,
  credentials: { username: string; password: string },
): Promise<void> {
  const username = digest(credentials.username)
  const password = digest(credentials.password)
  await app.register(basicAuth, {
    authenticate: { realm: credentials.username },
    async validate(givenUsername, givenPassword) {
      // Both are always compared, so the time taken does not tell which one was wrong.
      const userRight = timingSafeEqual(digest(givenUsername), username)
      const passwordRight = timingSafeEqual(digest(givenPassword), password)
      if (!userRight || !passwordRight) {
        throw new SecurekeyError('unauthenticated', 'The credentials are not right.')
      }
    },
  })
  app.addHook('onRequest', app.basicAuth)
}

/** Digests have one length, so texts of different length are compared in constant time too. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
