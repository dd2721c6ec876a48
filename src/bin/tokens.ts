import type { Deps } from '../flows/deps.ts'
import { endTokens, readTokens } from '../flows/tokens/tokens.ts'
import { runListOrEnd } from './list-or-end.ts'

const USAGE = `Usage: npm run tokens -- <command>

  list <id or name>   the API tokens of a resource, never their texts
  end <id or name>    end all these tokens
`
await runListOrEnd('tokens', USAGE, { list, end })

async function end(deps: Deps, resourceId: string): Promise<string> {
  const ended = await endTokens(deps, { resourceId, actor: { type: 'operator' } })
  return `${ended} tokens ended.`
}

async function list(deps: Deps, resourceId: string): Promise<string> {
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
