import { SecurekeyError } from '../domain/errors.ts'
import { describeFailure } from '../domain/heroku-failure.ts'
import type { Deps } from '../flows/deps.ts'
import { fetchLegacyGrants } from '../flows/operations/legacy-grants.ts'
import { countTokens } from '../store/legacy-resources.ts'
import { runOperatorCommand } from './operator-command.ts'

const USAGE = `Usage: npm run legacy -- <command>

  status   by which API of Heroku's the service runs, and how many add-ons have no tokens for version 3
  grants   get a grant for each of them: docs/legacy-api.md
`
const [command, ...rest] = process.argv.slice(2)

await runOperatorCommand('legacy', async (deps) => {
  if (rest.length === 0 && command === 'status') return await status(deps)
  if (rest.length === 0 && command === 'grants') return await grants(deps)
  throw new SecurekeyError('invalid-option', USAGE.trimEnd())
})

async function status(deps: Deps): Promise<string> {
  const { live, withoutTokens } = await countTokens(deps.db)
  const { partnerApi } = deps.settings
  return `PARTNER_API is ${partnerApi}. Of ${live} add-ons ${withoutTokens} have no tokens for version 3.`
}

async function grants(deps: Deps): Promise<string> {
  if (!deps.settings.takesGrants) {
    throw new SecurekeyError(
      'invalid-option',
      'Set ADDON_CLIENT_SECRET first: without it no grant can be exchanged.',
    )
  }
  const fetched = await fetchLegacyGrants(deps)
  if (!fetched.ok) {
    const why = describeFailure(fetched.failure)
    throw new SecurekeyError('not-now', `Heroku did not list the add-ons: ${why}.`)
  }
  const { stored, unknown, closed, failed } = fetched.value
  return [
    `${stored} grants stored. Workers exchange them within five minutes.`,
    ...unknown.map((id) => `${id}  Heroku does not list it`),
    ...closed.map((id) => `${id}  the customer's key that protects it is away: run this again later`),
    ...failed.map(({ resourceId, failure }) => `${resourceId}  ${describeFailure(failure)}`),
    ...(failed.length > 0 ? ['Run this again. If it is refused for all, ask Heroku to allow it.'] : []),
  ].join('\n')
}
