import { type App, pass, startProcess } from './formation.ts'
import { createAddon, DAY_MS, PERIOD_MS } from './published.ts'
import { createVisitor, type Visitor } from './visitor.ts'

/** A visitor who logged in a day ago, under the values that the rotation now due replaces. */
export async function loginBeforeRotation(app: App): Promise<{
  addon: ReturnType<typeof createAddon>
  visitor: Visitor
  before: string
}> {
  const addon = createAddon()
  const visitor = createVisitor()
  const before = await startProcess(app, addon.provision())
  pass(PERIOD_MS - DAY_MS)
  await visitor.login(before)
  pass(DAY_MS)
  return { addon, visitor, before }
}
