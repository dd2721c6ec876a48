import { expect, test } from 'vitest'
import { loginBeforeRotation } from './before-rotation.ts'
import { type App, pass, startProcess } from './formation.ts'
import { HOUR_MS, PERIOD_MS } from './published.ts'
import type { Visitor } from './visitor.ts'

/** A visitor who has logged in under the values before a rotation, and a process after it. */
export async function afterRotation(app: App): Promise<{
  visitor: Visitor
  process: string
  rotateAgain: () => Promise<string>
}> {
  const { addon, visitor } = await loginBeforeRotation(app)
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
  const { addon, visitor, before: notRestarted } = await loginBeforeRotation(app)
  const restarted = await startProcess(app, addon.rotate())
  pass(HOUR_MS)
  return { visitor, notRestarted, restarted }
}

/** What packages over `cookies` do with keys that are handed over by hand: the trap that the adapters are for. */
export function testHalfRenewal(byHand: App): void {
  test('renews half of the cookie: after a rotation a login of a year ends with the browser', async () => {
    const { visitor, process } = await afterRotation(byHand)
    expect(await visitor.visit(process)).toBe('alice')
    visitor.closeBrowser()
    expect(await visitor.visit(process)).toBe('nobody')
  })

  test('loses an old login for good that goes from a restarted process to one that is not', async () => {
    const { visitor, notRestarted, restarted } = await halfRestarted(byHand)
    expect(await visitor.visit(restarted)).toBe('alice')
    expect(await visitor.visit(notRestarted)).toBe('nobody')
    expect(await visitor.visit(restarted)).toBe('nobody')
  })
}
