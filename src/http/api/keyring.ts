import { type Static, Type } from 'typebox'
import { type OpenedKeyring, readKeyring } from '../../flows/api/read-keyring.ts'
import type { ApiScope } from './api-scope.ts'
import { refusals, sendProblem } from './problems.ts'
import { Moment, MomentOrNull, momentOf, oneOf } from './schemas.ts'

export const Keyring = Type.Object(
  {
    secure_key: Type.String({
      description: 'What the config var `SECURE_KEY` holds: sign with the first, accept both.',
    }),
    secure_keyring: Type.String({ description: 'What the config var `SECURE_KEYRING` holds.' }),
    keys: Type.Array(
      Type.Object({
        kid: Type.String(),
        version: Type.Integer(),
        use: oneOf(['sign', 'verify', 'next']),
        until: Type.Union([Moment, Type.Null()], {
          description: 'Accepted until then; null where no end is known.',
        }),
      }),
    ),
    good_for: Type.Integer({
      description: 'Seconds for which what is signed under this keyring is accepted at least.',
    }),
    reason: oneOf(
      ['scheduled', 'manual', 'plan-change', 'revoke', 'provision'],
      'Why this pair was published.',
    ),
    rotated_at: Moment,
    next_rotation_at: MomentOrNull,
  },
  { $id: 'Keyring' },
)

/** A program asks every hour or so. This is for many processes that start at once with one token. */
const READS_PER_HOUR = 600
/** Workers bring the new keys within seconds. */
const REVOKED_RETRY_SECONDS = 10

const EtagHeaders = {
  etag: Type.String({ description: 'Send it as `If-None-Match` the next time.' }),
  'refresh-after': Type.String({ description: 'Seconds after which to ask again.' }),
}

/** The keys themselves, for a program that has no config var: the same pair that the apps have. */
export function registerKeyring({ app, deps, bearer }: ApiScope): void {
  const boundByTheHour = bearer.atMost(READS_PER_HOUR)
  app.get(
    '/keyring',
    {
      onRequest: [
        bearer.allow('keyring'),
        // Whoever says what it has is told in no history that it has it still: strangers who send odd signatures to an app
        // make its processes ask often, and none of them may be refused new keys for that.
        async (request, reply) =>
          request.headers['if-none-match'] === undefined ? boundByTheHour(request, reply) : undefined,
      ],
      // What has no body shows no key, so it must not be told in the history that it did.
      exposeHeadRoute: false,
      schema: {
        operationId: 'getKeyring',
        summary: 'The keys',
        description:
          'Each time that keys are handed out stands in the history. A token may ask 600 times an hour without `If-None-Match`. `keys-revoked` (503): the keys that you have are revoked, and their successors are not at Heroku yet; accept none of them, and ask again.',
        security: [{ token: ['keyring'] }],
        headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ maxLength: 1_000 })) }),
        response: {
          200: {
            description: 'The keys.',
            headers: EtagHeaders,
            content: { 'application/json': { schema: Type.Ref('Keyring') } },
          },
          304: { description: 'The keys are those that you have.', headers: EtagHeaders, type: 'null' },
          ...refusals('keys-revoked'),
        },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const isKnown = matcherOf(request.headers['if-none-match'])
      const found = await readKeyring(deps, { resourceId, actor, known: (tag) => isKnown(`"${tag}"`) })
      if (found.outcome === 'revoked') {
        return sendProblem(reply, 'keys-revoked', { retryAfterSeconds: REVOKED_RETRY_SECONDS })
      }
      reply.headers({
        etag: `"${found.tag}"`,
        'refresh-after': String(Math.round(found.refreshAfterMs / 1_000)),
        'cache-control': 'no-store',
      })
      if (found.outcome === 'unchanged') return await reply.status(304).send(null)
      return keyringView(found)
    },
  )
}

/** The keys as the API tells them. */
export function keyringView(opened: OpenedKeyring): Static<typeof Keyring> {
  return {
    secure_key: opened.secureKey,
    secure_keyring: opened.secureKeyring,
    keys: opened.keys.map(({ kid, version, use, until }) => ({ kid, version, use, until: momentOf(until) })),
    good_for: opened.goodForSeconds,
    reason: opened.reason,
    rotated_at: momentOf(opened.rotatedAt),
    next_rotation_at: momentOf(opened.nextRotationAt),
  }
}

/** Whether a tag is among those of `If-None-Match`, weak or strong (RFC 9110, 13.1.2). */
export function matcherOf(header: string | undefined): (tag: string) => boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return (tag) => tags.includes(tag) || tags.includes('*')
}
