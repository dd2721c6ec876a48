import type { Deps } from '../flows/deps.ts'
import { endClients, readClients } from '../flows/hand-over/clients.ts'
import { runListOrEnd } from './list-or-end.ts'

const USAGE = `Usage: npm run clients -- <command>

  list <id or name>            the enrolled clients of a resource, never their secrets
  end <id or name>             end all these clients
  end <id or name> <client>    end one of them, by its id
`
const OPERATOR = { type: 'operator' } as const

await runListOrEnd('clients', USAGE, { list, end, endOne: end })

async function end(deps: Deps, resourceId: string, id?: string): Promise<string> {
  const ended = await endClients(deps, { resourceId, actor: OPERATOR, ...(id !== undefined && { id }) })
  return `${ended} clients ended.`
}

async function list(deps: Deps, resourceId: string): Promise<string> {
  const { resource, clients } = await readClients(deps, resourceId)
  const lines = clients.map(({ id, name, email, userId, createdAt, lastUsedAt, lastKid, alarmAt }) => {
    const used = lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : 'never used'
    const times = `since ${createdAt.toISOString()}  ${used}  last kid ${lastKid ?? 'none'}`
    const alarm = alarmAt ? `  ALARM ${alarmAt.toISOString()}` : ''
    return `${id}  ${times}${alarm}  ${name}, made by ${email ?? userId ?? 'unverified'}`
  })
  const state = `The hand-over is ${resource.handsOver ? 'on' : 'off'}.`
  return [...(lines.length > 0 ? lines : ['There are no clients.']), state].join('\n')
}
