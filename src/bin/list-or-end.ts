import { parseArgs } from 'node:util'
import type { Deps } from '../flows/deps.ts'
import { liveResourceId } from './live-resource-id.ts'
import { runOperatorCommand } from './operator-command.ts'

/** What `list` and `end` do for one resource, and return to be printed. */
type Verbs = Readonly<Record<'list' | 'end', (deps: Deps, resourceId: string) => Promise<string>>>

/** Runs a program that is called as `<name> list|end <id or name>`. Anything else prints the usage; the exit code is 1. */
export async function runListOrEnd(name: string, usage: string, verbs: Verbs): Promise<void> {
  const [verb, subject, ...more] = parseArgs({ allowPositionals: true, strict: false }).positionals
  if (!subject || more.length > 0 || (verb !== 'list' && verb !== 'end')) {
    process.stderr.write(usage)
    process.exit(1)
  }
  await runOperatorCommand(name, async (deps) => verbs[verb](deps, await liveResourceId(deps, subject)))
}
