import { hash, timingSafeEqual } from 'node:crypto'
import basicAuth from '@fastify/basic-auth'
import type { FastifyInstance } from 'fastify'
import { SecurekeyError } from '../../domain/errors.ts'
import { addressOf, logSecurityRefusal } from '../security-refused.ts'
import { createWrongTries } from '../wrong-tries.ts'

/**
 * Asks Heroku's credentials of every route of this scope: user is the manifest's id, password the manifest's
 * password. It comes before parsing and look-up, so that nobody learns which resources exist (Add-on Partner API).
 * After too many wrong ones from an address none of its requests is looked at for a while.
 */
export async function registerAuthentication(
  app: FastifyInstance,
  credentials: { username: string; password: string },
  now: () => Date,
): Promise<void> {
  const username = digest(credentials.username)
  const password = digest(credentials.password)
  const tries = createWrongTries(now)
  app.addHook('onRequest', async (request) => {
    if (!tries.isOver(addressOf(request) ?? '')) return
    logSecurityRefusal(request, 'too-many-requests')
    throw new SecurekeyError('too-many-requests', 'Too many wrong passwords. Try again in a minute.')
  })
  await app.register(basicAuth, {
    authenticate: { realm: credentials.username },
    async validate(givenUsername, givenPassword) {
      // Both are always compared, so the time taken does not tell which one was wrong.
      const userRight = timingSafeEqual(digest(givenUsername), username)
      const passwordRight = timingSafeEqual(digest(givenPassword), password)
      if (userRight && passwordRight) return
      throw new SecurekeyError('unauthenticated', 'The credentials are not right.')
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    app.basicAuth(request, reply, (error) => {
      if (error) {
        // Who sends no credentials guesses none.
        if (request.headers.authorization) tries.count(addressOf(request) ?? '')
        logSecurityRefusal(request, 'wrong-password')
      }
      done(error)
    })
  })
}

/** Digests have one length, so texts of different length are compared in constant time too. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
