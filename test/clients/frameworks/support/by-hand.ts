import { type App, pass, startProcess } from './formation.ts'
import { createAddon, DAY_MS, HOUR_MS, PERIOD_MS } from './published.ts'
import { createVisitor, type Visitor } from './visitor.ts'

/** A visitor who has logged in under the values before a rotation, and a process after it. */
export async function afterRotation(app: App): Promise<{
  visitor: Visitor
  process: string
  rotateAgain: () => Promise<string>
}> {
  const addon = createAddon()
  const visitor = createVisitor()
  const before = await startProcess(app, addon.provision())
  pass(PERIOD_MS - DAY_MS)
  await visitor.login(before)
  pass(DAY_MS)
  const process = await startProcess(app, addon.rotate())
  // The settle time of the process is over.
  pass(HOUR_MS)
  return {
    visitor,
    process,
    rotateAgain: async () => {
      pass(PERIOD_MS)
      return await startProcess(app, addon.rotate())
    },
  }
}

/** One process before a rotation and one after it, and an old login from before it. */
export async function halfRestarted(app: App): Promise<{
  visitor: Visitor
  notRestarted: string
  restarted: string
}> {
  const addon = createAddon()
  const visitor = createVisitor()
  const notRestarted = await startProcess(app, addon.provision())
  pass(PERIOD_MS - DAY_MS)
  await visitor.login(notRestarted)
  pass(DAY_MS)
  const restarted = await startProcess(app, addon.rotate())
  pass(HOUR_MS)
  return { visitor, notRestarted, restarted }
}
