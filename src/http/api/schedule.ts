import { Type } from 'typebox'
import { cleanText } from '../../domain/clean-text.ts'
import { parseGracePeriod } from '../../domain/grace.ts'
import { announceNext } from '../../flows/dashboard/announce-next.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import { pauseRotation, resumeSchedule } from '../../flows/dashboard/pause-rotation.ts'
import { setGracePeriod } from '../../flows/dashboard/set-grace-period.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { Confirm, sendEndsEarly } from './ends-early.ts'
import { refusalsOfBody, sendProblem } from './problems.ts'
import { Schedule, scheduleView } from './schedule-view.ts'

const FIELDS_ALONE = { additionalProperties: false }

/** What somebody may change of the schedule: pause, resume, announce the next key, and set the grace period. */
export function registerSchedule({ app, deps, bearer }: ApiScope): void {
  const scheduleOf = async (resourceId: string, changed: boolean) => {
    return scheduleView(await readOverview(deps, resourceId), changed)
  }
  const security = [{ token: ['rotate'] }]
  const onRequest = () => [bearer.allow('rotate'), bearer.atMost(CHANGES_PER_HOUR)]

  app.post(
    '/pause',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'pauseSchedule',
        summary: 'Pause scheduled rotations',
        description:
          'The time left to the next rotation stands still. One by hand or a revoke still goes ahead. To change a pause, resume first.',
        security,
        body: Type.Object(
          {
            reason: Type.String({ minLength: 1, maxLength: 500 }),
            until: Type.Optional(
              Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
                description: 'Within ten years; null or left out: until somebody resumes.',
              }),
            ),
          },
          FIELDS_ALONE,
        ),
        response: { 200: Schedule, ...refusalsOfBody('invalid-option') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { until: end, reason } = request.body
      if (cleanText(reason) === '') {
        return sendProblem(reply, 'invalid-option', { detail: 'The reason has nothing to read in it.' })
      }
      const until = end ? new Date(end) : null
      const changed = await pauseRotation(deps, { resourceId, actor, until, reason })
      return await scheduleOf(resourceId, changed)
    },
  )

  app.post(
    '/resume',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'resumeSchedule',
        summary: 'Resume scheduled rotations',
        description: 'The time that was left when the pause began is left again.',
        security,
        body: Type.Object({}, FIELDS_ALONE),
        response: { 200: Schedule, ...refusalsOfBody() },
      },
    },
    async (request) => {
      const { resourceId, actor } = bearer.callerOf(request)
      return await scheduleOf(resourceId, await resumeSchedule(deps, { resourceId, actor }))
    },
  )

  app.put(
    '/next',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'announceNext',
        summary: 'Announce the next key, or no longer',
        description:
          'Apps accept an announced key before any of them signs with it. A worker pushes the change within seconds, or along with a rotation under way; that restarts every app.',
        security,
        body: Type.Object({ announced: Type.Boolean(), confirm: Confirm }, FIELDS_ALONE),
        response: { 200: Schedule, ...refusalsOfBody('invalid-option', 'ends-early') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { announced: on, confirm } = request.body
      const changed = await announceNext(deps, { resourceId, actor, on, confirm })
      if (typeof changed === 'object') return sendEndsEarly(reply, changed)
      return await scheduleOf(resourceId, changed)
    },
  )

  app.put(
    '/grace',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'setGracePeriod',
        summary: 'Set the grace period',
        description:
          'It counts for the old key in the second place too, which stays for the least grace period from now on.',
        security,
        body: Type.Object(
          { grace_period: Type.String({ maxLength: 20, description: '`48h`, `5d`, or `period`.' }) },
          FIELDS_ALONE,
        ),
        response: { 200: Schedule, ...refusalsOfBody('invalid-option') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const parsed = parseGracePeriod(request.body.grace_period, deps.settings.graceFloorMs)
      if ('problem' in parsed) {
        return sendProblem(reply, 'invalid-option', { detail: `The grace period ${parsed.problem}.` })
      }
      const changed = await setGracePeriod(deps, { resourceId, actor, grace: parsed.grace })
      return await scheduleOf(resourceId, changed)
    },
  )
}
