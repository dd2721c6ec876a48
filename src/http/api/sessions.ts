import { Type } from 'typebox'
import { sessionHandle } from '../../domain/session.ts'
import { endSessions, readSessions } from '../../flows/dashboard/sessions.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_ALONE, PERSONS_CHANGE, sendProblem } from './problems.ts'
import { Ended, Moment, momentOf, oneOf, TextOrNull } from './schemas.ts'

const Session = Type.Object({
  id: Type.String({ description: 'It names the session, and opens nothing.' }),
  by: oneOf(['browser', 'command-line']),
  email: TextOrNull,
  own: Type.Boolean({ description: 'The one that asks.' }),
  made_at: Moment,
  last_used_at: Moment,
  ends_at: Moment,
})
const Id = Type.Object({ id: Type.String({ maxLength: 60 }) })
const FORM_OF_ID = /^[0-9a-f]{16}$/

/** Who is signed on to an add-on, as a person has it on the dashboard: list, end one, end all others. */
export function registerSessions({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/sessions',
    {
      onRequest: bearer.allowPerson(),
      schema: {
        operationId: 'listSessions',
        summary: 'Who is signed on, the newest first',
        description: 'A person whose sign-on named nobody has no e-mail address here.',
        security,
        response: {
          200: Type.Object({ sessions: Type.Array(Session) }),
          ...describedRefusals(...PERSONS_ALONE),
        },
      },
    },
    async (request) => {
      const { resourceId, session: own } = bearer.personOf(request)
      const { sessions } = await readSessions(deps, resourceId)
      return {
        sessions: sessions.map(({ handle, madeFor, email, createdAt, lastUsedAt, endsAt }) => ({
          id: handle,
          by: madeFor,
          email,
          own: handle === sessionHandle(own),
          made_at: momentOf(createdAt),
          last_used_at: momentOf(lastUsedAt),
          ends_at: momentOf(endsAt),
        })),
      }
    },
  )

  app.delete(
    '/sessions/:id',
    {
      onRequest: change(),
      schema: {
        operationId: 'endSession',
        summary: 'End a session',
        description: 'It may be the one that asks: then its token is worth nothing from then on.',
        security,
        params: Id,
        response: { 200: Ended, ...describedRefusals(...PERSONS_CHANGE, 'not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const { id: handle } = request.params
      const ended = FORM_OF_ID.test(handle) ? await endSessions(deps, { resourceId, actor, handle }) : 0
      return ended === 0 ? sendProblem(reply, 'not-found') : { ended }
    },
  )

  app.delete(
    '/sessions',
    {
      onRequest: change(),
      schema: {
        operationId: 'endOtherSessions',
        summary: 'End all sessions but the one that asks',
        description:
          'Everybody else is signed out, in browsers and on the command line. Keys and apps are not touched.',
        security,
        response: { 200: Ended, ...describedRefusals(...PERSONS_CHANGE) },
      },
    },
    async (request) => {
      const { resourceId, actor, session } = bearer.personOf(request)
      return { ended: await endSessions(deps, { resourceId, actor, but: session }) }
    },
  )
}
