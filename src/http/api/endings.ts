import { Type } from 'typebox'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR, type PersonCaller } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, sendProblem } from './problems.ts'
import { Ended } from './schemas.ts'

/** An id in a path, of whatever form: what is none is answered like one that names nothing. */
export const Id = Type.Object({ id: Type.String({ maxLength: 60 }) })

type Words = { operationId: string; summary: string; description: string }

/** How one thing of a list ends, and all of them. `end` returns how many have ended. */
export type Endings = {
  path: string
  isId: (id: string) => boolean
  one: Words & { end: (person: PersonCaller, id: string) => Promise<number> }
  all?: Words & { end: (person: PersonCaller) => Promise<number> }
}

/** The two requests by which a person ends what stands in a list. One that is not there, or is another add-on's, is 404. */
export function registerEndings(
  { app, bearer }: Pick<ApiScope, 'app' | 'bearer'>,
  { path, isId, one, all }: Endings,
): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]
  const { end: endOne, ...wordsOfOne } = one

  app.delete(
    `${path}/:id`,
    {
      onRequest: change(),
      schema: {
        ...wordsOfOne,
        security,
        params: Id,
        response: { 200: Ended, ...describedRefusals(...PERSONS_CHANGE, 'not-found') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const ended = isId(id) ? await endOne(bearer.personOf(request), id) : 0
      return ended === 0 ? sendProblem(reply, 'not-found') : { ended }
    },
  )

  if (!all) return
  const { end: endAll, ...wordsOfAll } = all
  app.delete(
    path,
    {
      onRequest: change(),
      schema: {
        ...wordsOfAll,
        security,
        response: { 200: Ended, ...describedRefusals(...PERSONS_CHANGE) },
      },
    },
    async (request) => ({ ended: await endAll(bearer.personOf(request)) }),
  )
}
