import { endSessions, readSessions } from '../flows/dashboard/sessions.ts'
import type { Deps } from '../flows/deps.ts'
import { runListOrEnd } from './list-or-end.ts'

const USAGE = `Usage: npm run sessions -- <command>

  list <id or name>   who is signed on to a resource, and by what
  end <id or name>    end all these sessions
`
await runListOrEnd('sessions', USAGE, { list, end })

async function end(deps: Deps, resourceId: string): Promise<string> {
  const ended = await endSessions(deps, { resourceId, actor: { type: 'operator' } })
  return `${ended} sessions ended.`
}

async function list(deps: Deps, resourceId: string): Promise<string> {
  const { sessions } = await readSessions(deps, resourceId)
  if (sessions.length === 0) return 'Nobody is signed on.'
  return sessions
    .map(({ handle, madeFor, email, userId, createdAt, lastUsedAt, endsAt }) => {
      const times = [createdAt, lastUsedAt, endsAt].map((at) => at.toISOString())
      return `${handle}  since ${times[0]}  last used ${times[1]}  ends ${times[2]}  ${madeFor}  ${email ?? userId ?? 'unverified'}`
    })
    .join('\n')
}
