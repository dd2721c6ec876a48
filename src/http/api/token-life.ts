import { Type } from 'typebox'
import { parseTokenLife } from '../../domain/token-life.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import { setTokenLife } from '../../flows/dashboard/set-token-life.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { Confirm, sendEndsEarly } from './ends-early.ts'
import { refusalsOfBody, sendProblem } from './problems.ts'
import { Schedule, scheduleView } from './schedule-view.ts'

/** How long the longest thing lives that apps sign: stated, so that keys are kept for it. */
export function registerTokenLife({ app, deps, bearer }: ApiScope): void {
  app.put(
    '/token-life',
    {
      onRequest: [bearer.allow('rotate'), bearer.atMost(CHANGES_PER_HOUR)],
      schema: {
        operationId: 'setTokenLife',
        summary: 'State how long the longest thing lives that apps sign',
        description:
          'Old keys are kept until what they signed has ended: two in `SECURE_KEY`, further ones in `SECURE_KEYRING`, 8 in all at the most. Restarts no app; apps learn it with the next release. A shorter life is refused as `ends-early` until it is confirmed.',
        security: [{ token: ['rotate'] }],
        body: Type.Object(
          {
            token_life: Type.String({ maxLength: 20, description: '`30d`, `36h`, or `off`.' }),
            confirm: Confirm,
          },
          { additionalProperties: false },
        ),
        response: { 200: Schedule, ...refusalsOfBody('invalid-option', 'ends-early') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.callerOf(request)
      const { token_life: text, confirm } = request.body
      const parsed = parseTokenLife(text)
      if ('problem' in parsed) {
        return sendProblem(reply, 'invalid-option', { detail: `The token life ${parsed.problem}.` })
      }
      const { tokenLifeMs } = parsed
      const changed = await setTokenLife(deps, { resourceId, actor, tokenLifeMs, confirm })
      if (typeof changed === 'object') return sendEndsEarly(reply, changed)
      return scheduleView(await readOverview(deps, resourceId), changed)
    },
  )
}
