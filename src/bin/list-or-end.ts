import { parseArgs } from 'node:util'
import type { Deps } from '../flows/deps.ts'
import { liveResourceId } from './live-resource-id.ts'
import { runOperatorCommand } from './operator-command.ts'

/** What `list` and `end` do for one resource, or for one thing of it, and return to be printed. */
type Verbs = {
  list: (deps: Deps, resourceId: string) => Promise<string>
  end: (deps: Deps, resourceId: string) => Promise<string>
  endOne?: (deps: Deps, resourceId: string, id: string) => Promise<string>
}

/**
 * Runs a program that is called as `<name> list|end <id or name>`, and where there is `endOne` with an id behind `end`.
 * Anything else prints the usage; the exit code is 1.
 */
export async function runListOrEnd(name: string, usage: string, verbs: Verbs): Promise<void> {
  const [verb, subject, one, ...more] = parseArgs({ allowPositionals: true, strict: false }).positionals
  const { endOne } = verbs
  const isKnown = verb === 'list' ? one === undefined : verb === 'end' && (one === undefined || endOne)
  if (!subject || more.length > 0 || !isKnown) {
    process.stderr.write(usage)
    process.exit(1)
  }
  await runOperatorCommand(name, async (deps) => {
    const resourceId = await liveResourceId(deps, subject)
    if (one !== undefined && endOne) return await endOne(deps, resourceId, one)
    return verb === 'list' ? await verbs.list(deps, resourceId) : await verbs.end(deps, resourceId)
  })
}
