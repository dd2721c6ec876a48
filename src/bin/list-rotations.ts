import { describeFailure, type FailureKind } from '../domain/heroku-failure.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { Deps } from '../flows/deps.ts'
import { countUnfinished, listAwaitedTurns, listUnfinished } from '../store/unfinished.ts'

const ROWS = 100

/** `rotations list`: what is under way or stuck, how many there are in all, why, and what holds all of them back. */
export async function listRotations(
  deps: Deps,
  filter: { stuck: boolean; because: FailureKind | undefined },
): Promise<string> {
  const isFiltered = filter.stuck || filter.because !== undefined
  const [rows, counts, verdicts, { turns, total: waiting }] = await Promise.all([
    listUnfinished(deps.db, { ...filter, limit: ROWS }),
    countUnfinished(deps.db, filter),
    deps.troubles.verdicts(),
    listAwaitedTurns(deps.db, isFiltered ? 0 : ROWS),
  ])
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const what = filter.stuck ? 'stuck' : 'under way'
  const causes = counts.map(({ because, count }) => `${because ?? 'no failure'} ${count}`).join(', ')
  return [
    ...verdicts.map(({ owner, cause, since }) => {
      const who = owner === 'account' ? 'Our account at Heroku' : `Heroku (${cause})`
      return `${who} is in trouble since ${since.toISOString()}: its failures cost no add-on an attempt.`
    }),
    ...rows.map(({ resourceId, state }) => `${resourceId}  ${describeOpen(state)}`),
    ...turns.map(
      ({ resourceId, ...turn }) => `${resourceId}  ${describeTurn({ app: turn.app, until: turn.at })}`,
    ),
    ...(waiting > turns.length && !isFiltered
      ? [`${waiting} in all wait for another restart of their apps.`]
      : []),
    total === 0 ? `No rotation is ${what}.` : `${total} in all ${what}, by their last failure: ${causes}.`,
    ...(rows.length < total ? [`The ${rows.length} with the oldest due dates are listed.`] : []),
  ].join('\n')
}

/** Whose restarts the schedule waits for. */
export function describeTurn({ app, until }: { app: string; until: Date }): string {
  return `waits for another restart of ${app || 'its app'} until ${until.toISOString()}`
}

/** One line about the rotation under way. */
export function describeOpen({ rotation, attempts, failures }: ResourceState): string {
  if (!rotation) return 'no rotation'
  const { reason, dueAt, stuckSince } = rotation
  const last = failures.at(-1)
  const failure = last ? `  last failure: ${describeFailure(last)}` : ''
  return `${stuckSince ? 'stuck' : 'open'}  ${reason}  due ${dueAt.toISOString()}  failed attempts ${attempts}${failure}`
}
