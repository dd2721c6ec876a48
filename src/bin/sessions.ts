import { parseArgs } from 'node:util'
import { SecurekeyError } from '../domain/errors.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import { endSessions, readSessions } from '../flows/dashboard/sessions.ts'
import type { Deps } from '../flows/deps.ts'
import { findResourceIdByName } from '../store/resource-names.ts'
import { runOperatorCommand } from './operator-command.ts'

const USAGE = `Usage: npm run sessions -- <command>

  list <id or name>   who is signed on to the dashboard of a resource
  end <id or name>    end all these sessions
`
const { command, subject } = readArguments()
await runOperatorCommand('sessions', run)

function readArguments() {
  const [command, subject, ...more] = parseArgs({ allowPositionals: true, strict: false }).positionals
  if (!subject || more.length > 0 || (command !== 'list' && command !== 'end')) {
    process.stderr.write(USAGE)
    process.exit(1)
  }
  return { command, subject }
}

async function run(deps: Deps): Promise<string> {
  const resourceId = parseResourceId(subject) ?? (await findResourceIdByName(deps.db, subject))
  if (!resourceId)
    throw new SecurekeyError('unknown-resource', 'There is no live resource of that id or name.')
  if (command === 'end') {
    const ended = await endSessions(deps, { resourceId, actor: { type: 'operator' } })
    return `${ended} sessions ended.`
  }
  const { sessions } = await readSessions(deps, resourceId)
  if (sessions.length === 0) return 'Nobody is signed on.'
  return sessions
    .map(({ handle, email, userId, createdAt, lastUsedAt, endsAt }) => {
      const times = [createdAt, lastUsedAt, endsAt].map((at) => at.toISOString())
      return `${handle}  since ${times[0]}  last used ${times[1]}  ends ${times[2]}  ${email ?? userId ?? 'unverified'}`
    })
    .join('\n')
}
