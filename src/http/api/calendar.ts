import { type Static, Type } from 'typebox'
import type { Freeze } from '../../domain/freezes.ts'
import { parseWindows } from '../../domain/windows.ts'
import { addFreeze, removeFreeze } from '../../flows/dashboard/freezes.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import { setWindows } from '../../flows/dashboard/set-windows.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { refusals, refusalsOfBody, sendProblem } from './problems.ts'
import { Schedule, scheduleView } from './schedule-view.ts'
import { Moment, momentOf } from './schemas.ts'

const FreezeView = Type.Object({
  id: Type.String(),
  from: Moment,
  until: Moment,
  zone: Type.String({ description: 'The time zone in which its dates were written.' }),
  reason: Type.String(),
  of: Type.Union([Type.Literal('add-on'), Type.Literal('partner')], {
    description: '`partner`: of all add-ons, by who runs the service.',
  }),
})
const NOTHING_SAID = 'must be said; "any" is the word for none'
const FIELDS_ALONE = { additionalProperties: false }
const Dates = Type.String({ minLength: 10, maxLength: 16 })

/** When the schedule may restart apps: windows and freezes. */
export function registerCalendar({ app, deps, bearer }: ApiScope): void {
  const security = [{ token: ['rotate'] }]
  const onRequest = () => [bearer.allow('rotate'), bearer.atMost(CHANGES_PER_HOUR)]

  app.put(
    '/window',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'setWindows',
        summary: 'Set the windows in which the schedule restarts apps',
        description:
          'Windows are parted by `;`, each with days, times and an IANA time zone. A date that comes due outside is served when one opens. A rotation by hand and a revoke wait for none.',
        security,
        body: Type.Object(
          {
            window: Type.String({
              maxLength: 1_000,
              description: '`tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin`, or `any`.',
            }),
          },
          FIELDS_ALONE,
        ),
        response: { 200: Schedule, ...refusalsOfBody('invalid-option') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { window } = request.body
      // Windows are not taken away by a variable that a script forgot to set.
      const parsed = /[^;\s]/.test(window) ? parseWindows(window) : { problem: NOTHING_SAID }
      if ('problem' in parsed) {
        return sendProblem(reply, 'invalid-option', { detail: `The windows ${parsed.problem}.` })
      }
      const changed = await setWindows(deps, { resourceId, actor, windows: parsed.windows })
      return scheduleView(await readOverview(deps, resourceId), changed)
    },
  )

  app.get(
    '/freezes',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listFreezes',
        summary: 'Freezes that are not over',
        description: 'In a freeze the schedule restarts no app. Those of the partner count for all add-ons.',
        security: [{ token: ['read'] }],
        response: { 200: Type.Object({ freezes: Type.Array(FreezeView) }), ...refusals() },
      },
    },
    async (request) => {
      const { calendar, now } = await readOverview(deps, bearer.callerOf(request).resourceId)
      const own = calendar.freezes.map((freeze) => freezeView(freeze, 'add-on'))
      const all = [...own, ...calendar.freezesForAll.map((freeze) => freezeView(freeze, 'partner'))]
      const coming = all.filter(({ until }) => new Date(until) > now)
      return { freezes: coming.sort((a, b) => (a.from < b.from ? -1 : 1)) }
    },
  )

  app.post(
    '/freezes',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'addFreeze',
        summary: 'Add a freeze',
        description:
          'Dates (`2026-12-20`, the last one is frozen too) or dates with times (`2026-12-20T18:00`), by the clock of the time zone. A push that is under way is not called back. An add-on has 20 freezes at the most that are not over.',
        security,
        body: Type.Object(
          {
            from: Dates,
            until: Dates,
            zone: Type.String({ minLength: 1, maxLength: 64, description: '`Europe/Berlin`, or `UTC`.' }),
            reason: Type.Optional(Type.String({ maxLength: 200 })),
          },
          FIELDS_ALONE,
        ),
        response: { 201: FreezeView, ...refusalsOfBody('invalid-option', 'too-many') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const freeze = { reason: '', ...request.body }
      return reply
        .status(201)
        .send(freezeView(await addFreeze(deps, { resourceId, actor, freeze }), 'add-on'))
    },
  )

  app.delete(
    '/freezes/:id',
    {
      onRequest: onRequest(),
      schema: {
        operationId: 'removeFreeze',
        summary: 'Remove a freeze of the add-on',
        description: 'What is due goes at once, or when a window opens.',
        security,
        params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{12}$' }) }, FIELDS_ALONE),
        response: { 200: FreezeView, ...refusalsOfBody('not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const removed = await removeFreeze(deps, { resourceId, actor, id: request.params.id })
      if (!removed) return sendProblem(reply, 'not-found', { detail: 'The add-on has no freeze of that id.' })
      return freezeView(removed, 'add-on')
    },
  )
}

function freezeView(
  { id, from, until, zone, reason }: Freeze,
  of: 'add-on' | 'partner',
): Static<typeof FreezeView> {
  return { id, from: momentOf(from), until: momentOf(until), zone, reason, of }
}
