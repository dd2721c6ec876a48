import { Type } from 'typebox'
import { isBearerId } from '../../domain/bearer-text.ts'
import { sessionHandle } from '../../domain/session.ts'
import { endSessions, readSessions } from '../../flows/dashboard/sessions.ts'
import type { ApiScope } from './api-scope.ts'
import { registerEndings } from './endings.ts'
import { describedRefusals, PERSONS_ALONE } from './problems.ts'
import { Moment, momentOf, oneOf, TextOrNull } from './schemas.ts'

const Session = Type.Object({
  id: Type.String({ description: 'It names the session, and opens nothing.' }),
  by: oneOf(['browser', 'command-line']),
  email: TextOrNull,
  own: Type.Boolean({ description: 'The one that asks.' }),
  made_at: Moment,
  last_used_at: Moment,
  ends_at: Moment,
})

/** Who is signed on to an add-on, as a person has it on the dashboard: list, end one, end all others. */
export function registerSessions({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]

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

  registerEndings(
    { app, bearer },
    {
      path: '/sessions',
      isId: isBearerId,
      one: {
        operationId: 'endSession',
        summary: 'End a session',
        description: 'It may be the one that asks: then its token is worth nothing from then on.',
        end: ({ resourceId, actor }, handle) => endSessions(deps, { resourceId, actor, handle }),
      },
      all: {
        operationId: 'endOtherSessions',
        summary: 'End all sessions but the one that asks',
        description:
          'Everybody else is signed out, in browsers and on the command line. Keys and apps are not touched.',
        end: ({ resourceId, actor, session }) => endSessions(deps, { resourceId, actor, but: session }),
      },
    },
  )
}
