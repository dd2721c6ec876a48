import { type Static, Type } from 'typebox'
import { readTokenWish, SCOPES } from '../../domain/api-token.ts'
import { isBearerId } from '../../domain/bearer-text.ts'
import { makeToken } from '../../flows/tokens/make-token.ts'
import { endTokens, type LiveToken, readTokens } from '../../flows/tokens/tokens.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { registerEndings } from './endings.ts'
import { describedRefusals, PERSONS_ALONE, PERSONS_CHANGE, sendProblem } from './problems.ts'
import { Moment, MomentOrNull, momentOf, ScopeName, TextOrNull } from './schemas.ts'

const TOKEN = {
  id: Type.String({ description: 'It stands in the token too, and opens nothing.' }),
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  made_by: TextOrNull,
  made_at: Moment,
  last_used_at: MomentOrNull,
  expires_at: Moment,
}
const Token = Type.Object(TOKEN)
const MadeToken = Type.Object({ token: Type.String({ description: 'It is told once.' }), ...TOKEN })

/** The tokens by which programs use an add-on, as a person has them on the dashboard: list, make, end one, end all. */
export function registerTokens({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/tokens',
    {
      onRequest: bearer.allowPerson(),
      schema: {
        operationId: 'listTokens',
        summary: 'The API tokens, the newest first',
        description: 'Never their texts.',
        security,
        response: {
          200: Type.Object({ tokens: Type.Array(Token) }),
          ...describedRefusals(...PERSONS_ALONE),
        },
      },
    },
    async (request) => {
      const { resourceId } = bearer.personOf(request)
      return { tokens: (await readTokens(deps, resourceId)).tokens.map(view) }
    },
  )

  app.post(
    '/tokens',
    {
      onRequest: change(),
      schema: {
        operationId: 'makeToken',
        summary: 'Make an API token',
        description:
          'An add-on has 50 at the most. Each scope stands for itself. If the answer is lost, so is the token: find it in the list, end it, and make another.',
        security,
        body: Type.Object(
          {
            name: Type.String({
              maxLength: 200,
              description: 'For people; the program that uses it. 80 characters of it are kept.',
            }),
            scopes: Type.Array(ScopeName, {
              maxItems: SCOPES.length,
              uniqueItems: true,
            }),
            life: Type.Optional(
              Type.String({
                maxLength: 20,
                description:
                  'Between an hour and a year, such as `12h` or `30d`; `90d` where it is left out.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          201: MadeToken,
          ...describedRefusals(...PERSONS_CHANGE, 'invalid-option', 'too-many'),
        },
      },
    },
    async (request, reply) => {
      const { resourceId, actor, session } = bearer.personOf(request)
      const { name, scopes, life = '' } = request.body
      const wish = readTokenWish({ name, scopes, life })
      if ('problem' in wish) return sendProblem(reply, 'invalid-option', { detail: wish.problem })
      const made = await makeToken(deps, { resourceId, actor, session, ...wish })
      if (made.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      if (made.outcome === 'too-many') {
        return sendProblem(reply, 'too-many', { detail: `An add-on has ${made.most} tokens at the most.` })
      }
      const token = { ...made.token, lastUsedAt: null }
      return await reply.status(201).send({ token: made.text, ...view(token) })
    },
  )

  registerEndings(
    { app, bearer },
    {
      path: '/tokens',
      isId: isBearerId,
      one: {
        operationId: 'endToken',
        summary: 'End an API token',
        description: 'The program that has it is refused from then on.',
        end: ({ resourceId, actor }, id) => endTokens(deps, { resourceId, actor, id }),
      },
      all: {
        operationId: 'endTokens',
        summary: 'End all API tokens',
        description: 'Every program that has one is refused from then on.',
        end: ({ resourceId, actor }) => endTokens(deps, { resourceId, actor }),
      },
    },
  )
}

function view(token: LiveToken): Static<typeof Token> {
  return {
    id: token.id,
    name: token.name,
    scopes: [...token.scopes],
    made_by: token.email ?? token.userId,
    made_at: momentOf(token.createdAt),
    last_used_at: momentOf(token.lastUsedAt),
    expires_at: momentOf(token.expiresAt),
  }
}
