import { createHash, timingSafeEqual } from 'node:crypto'
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
  await app.register(basicAuth, {
    authenticate: { realm: credentials.username },
    async validate(username, password) {
      // Both are always compared, so the time taken does not tell which one was wrong.
      const userRight = equals(username, credentials.username)
      const passwordRight = equals(password, credentials.password)
      if (!userRight || !passwordRight) {
        throw new SecurekeyError('unauthenticated', 'The credentials are not right.')
      }
    },
  })
  app.addHook('onRequest', app.basicAuth)
}

/** Constant-time also for texts of different length: digests have one length. */
function equals(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
