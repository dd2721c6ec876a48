import { type Static, Type } from 'typebox'
import { NOTICE_KINDS } from '../../domain/notices/notice.ts'
import { type NoticesOverview, readNotices } from '../../flows/notices/read-notices.ts'
import { switchLog } from '../../flows/notices/switch-log.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, refusals } from './problems.ts'
import { Moment, momentOf } from './schemas.ts'

/** How the log of the app is doing as a target. */
const TargetHealth = Type.Object({
  failing_since: Type.Union([Moment, Type.Null()], {
    description: 'Since when nothing arrives; it is tried again for three days.',
  }),
  last_failure: Type.Union([Type.String(), Type.Null()], {
    description: 'Why; null once something has arrived.',
  }),
  given_up_at: Type.Union([Moment, Type.Null()], {
    description: 'When notices were last given up that could not be delivered.',
  }),
})

const NoticeView = Type.Object({
  id: Type.String({ description: 'The same notice has the same id, however often it is sent.' }),
  kind: Type.String({ description: `An open list: ${NOTICE_KINDS.join(', ')}.` }),
  at: Moment,
  text: Type.String(),
})
const Notices = Type.Object({
  log: Type.Union([TargetHealth, Type.Null()], {
    description: 'The log of the app; null where it is switched off.',
  }),
  newest: Type.Array(NoticeView, {
    description: 'The newest 20 of what has happened of which anybody is told, the newest first.',
  }),
})

/** Whether notices are written into the log of the app, and what anybody is told of. */
export function registerNotices({ app, deps, bearer }: ApiScope): void {
  app.get(
    '/notices',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'getNotices',
        summary: 'Who is told notices, and the newest of them',
        description: 'What the schedule says, that a rotation is coming or late, is told and not listed.',
        security: [{ token: ['read'] }],
        response: { 200: Notices, ...refusals() },
      },
    },
    async (request) => noticesView(await readNotices(deps, bearer.callerOf(request).resourceId)),
  )

  app.put(
    '/notices',
    {
      // Whoever got hold of a token must not silence what tells of its use.
      onRequest: [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'setNotices',
        summary: 'Switch notices in the log of the app on or off',
        description: 'Switched on, the log is told nothing of what has happened before.',
        security: [{ person: [] }],
        body: Type.Object({ log: Type.Boolean() }, { additionalProperties: false }),
        response: { 200: Notices, ...describedRefusals(...PERSONS_CHANGE) },
      },
    },
    async (request) => {
      const { resourceId, actor } = bearer.personOf(request)
      await switchLog(deps, { resourceId, actor, on: request.body.log })
      return noticesView(await readNotices(deps, resourceId))
    },
  )
}

function noticesView({ targets, newest }: NoticesOverview): Static<typeof Notices> {
  const log = targets.find(({ target }) => target.channel === 'log')
  return {
    log: log ? targetHealth(log) : null,
    newest: newest.map(({ id, kind, at, text }) => ({ id, kind, at: momentOf(at), text })),
  }
}

/** What is shown of how a target is doing. */
function targetHealth({
  cursor,
}: Pick<NoticesOverview['targets'][number], 'cursor'>): Static<typeof TargetHealth> {
  const { failingSince, lastFailure, givenUp } = cursor
  return {
    failing_since: failingSince && momentOf(failingSince),
    last_failure: lastFailure,
    given_up_at: givenUp && momentOf(givenUp.at),
  }
}
