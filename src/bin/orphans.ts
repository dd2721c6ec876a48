import { describeFailure } from '../domain/heroku-failure.ts'
import type { Deps } from '../flows/deps.ts'
import { listOrphans, removeOrphan } from '../flows/operations/remove-orphan.ts'
import { findResource } from '../store/resources.ts'

const ROWS = 100
const WHY = { missing: 'Heroku does not know it', 'no-tokens': 'Heroku gave no tokens for it' }

/** `rotations orphans`: live resources here that seem to be none at Heroku. */
export async function showOrphans(deps: Deps): Promise<string> {
  const { orphans, total } = await listOrphans(deps, { limit: ROWS })
  if (total === 0) return 'There are no orphans.'
  return [
    ...orphans.map(({ resourceId, name, plan, why, since }) => {
      return `${resourceId}  ${name ?? '(no name)'}  plan ${plan}  ${WHY[why]} since ${since.toISOString()}`
    }),
    `${total} in all.${orphans.length < total ? ` The ${orphans.length} oldest are listed.` : ''}`,
  ].join('\n')
}

/** `rotations remove`: erases an orphan for good, once its confirmation word was typed. */
export async function removeOne(
  deps: Deps,
  resourceId: string,
  typed: string,
): Promise<{ text: string; removed: boolean }> {
  const resource = await findResource(deps.db, resourceId)
  const word = resource?.name ?? resourceId
  if (typed !== word) {
    const text = `This erases its keys for good, and apps that still hold them can never be given new ones. If you are sure, type: rotations remove ${resourceId} ${word}`
    return { text, removed: false }
  }
  const result = await removeOrphan(deps, { resourceId, actor: { type: 'operator' } })
  switch (result.outcome) {
    case 'removed':
      return { text: `Removed: ${word}. Its keys are erased.`, removed: true }
    case 'no-orphan':
      return { text: 'It is no orphan: only what "rotations orphans" lists can be removed.', removed: false }
    case 'known-at-heroku':
      return { text: 'Heroku was asked once more, and knows it. Nothing was removed.', removed: false }
    case 'not-asked': {
      const why = describeFailure(result.failure)
      return { text: `Heroku could not be asked once more (${why}). Nothing was removed.`, removed: false }
    }
  }
}
