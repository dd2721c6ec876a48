import { parseArgs } from 'node:util'
import { SecurekeyError } from '../domain/errors.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import type { Deps } from '../flows/deps.ts'
import { endTokens, readTokens } from '../flows/tokens/tokens.ts'
import { findResourceIdByName } from '../store/resource-names.ts'
import { runOperatorCommand } from './operator-command.ts'

const USAGE = `Usage: npm run tokens -- <command>

  list <id or name>   the API tokens of a resource, never their texts
  end <id or name>    end all these tokens
`
const { command, subject } = readArguments()
await runOperatorCommand('tokens', run)

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
    const ended = await endTokens(deps, { resourceId, actor: { type: 'operator' } })
    return `${ended} tokens ended.`
  }
  const { tokens } = await readTokens(deps, resourceId)
  if (tokens.length === 0) return 'There are no tokens.'
  return tokens
    .map(({ id, name, scopes, email, userId, createdAt, expiresAt, lastUsedAt }) => {
      const used = lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : 'never used'
      const times = `since ${createdAt.toISOString()}  ${used}  ends ${expiresAt.toISOString()}`
      return `${id}  ${scopes.join(',')}  ${times}  ${name}, made by ${email ?? userId ?? 'unverified'}`
    })
    .join('\n')
}
