import { describe, expect, test } from 'vitest'
import { type App, pass, startProcess, useFormation } from './formation.ts'
import { createAddon, DAY_MS, PERIOD_MS } from './published.ts'
import { createVisitor } from './visitor.ts'

/** What a process makes of a signature that it cannot know: it leaves the cookie alone, or takes it away. */
export type Stale = 'leaves-alone' | 'deletes'

const MINUTE_MS = 60_000
const TIMES = 8

/** What holds while one process of a formation has restarted after a rotation and the other has not. */
export function testHalfRestarted(name: string, create: () => App, stale: Stale): void {
  describe(`${name}: a formation half restarted`, () => {
    useFormation()

    const halfRestarted = async (options: { next: boolean; settle: number }) => {
      const addon = createAddon({ next: options.next })
      const app = create()
      const start = (release: Parameters<typeof startProcess>[1]) =>
        startProcess(app, release, { settle: options.settle })
      const old = createVisitor()
      addon.provision()
      pass(PERIOD_MS)
      const present = addon.rotate()
      const notRestarted = await start(present)
      pass(PERIOD_MS - DAY_MS)
      await old.login(notRestarted, 'old')
      pass(DAY_MS)
      const release = addon.rotate()
      pass(MINUTE_MS)
      const restarted = await start(release)
      return { old, notRestarted, restarted, restartOther: () => start(release) }
    }

    const goToAndFro = async (options: { next: boolean; settle: number }) => {
      const { old, notRestarted, restarted, restartOther } = await halfRestarted(options)
      const fresh = createVisitor()
      await fresh.login(restarted, 'fresh')
      for (let time = 1; time <= TIMES; time++) {
        pass(MINUTE_MS / 2)
        for (const process of [notRestarted, restarted]) {
          expect([time, await old.visit(process), await fresh.visit(process)]).toEqual([time, 'old', 'fresh'])
        }
      }
      const other = await restartOther()
      for (const process of [restarted, other, restarted]) {
        expect([await old.visit(process), await fresh.visit(process)]).toEqual(['old', 'fresh'])
      }
      // Long after the settle time of both.
      pass(DAY_MS)
      for (const process of [restarted, other, restarted]) {
        expect([await old.visit(process), await fresh.visit(process)]).toEqual(['old', 'fresh'])
      }
    }

    test('within the settle time an old and a new login go to and fro eight times, without a next key', async () => {
      await goToAndFro({ next: false, settle: 600 })
    })

    test('with the next key an old and a new login go to and fro eight times, without a settle time', async () => {
      await goToAndFro({ next: true, settle: 0 })
    })

    test('with the next key and the settle time an old and a new login go to and fro eight times', async () => {
      await goToAndFro({ next: true, settle: 600 })
    })

    const afterSettle =
      stale === 'leaves-alone'
        ? 'after the settle time, without a next key, a process that still has not restarted refuses a new login, which is good again once all have'
        : 'after the settle time, without a next key, a process that still has not restarted takes a new login away for good'
    test(afterSettle, async () => {
      const { old, notRestarted, restarted, restartOther } = await halfRestarted({ next: false, settle: 600 })
      pass(11 * MINUTE_MS)
      const fresh = createVisitor()
      await fresh.login(restarted, 'fresh')
      expect(await old.visit(restarted)).toBe('old')
      expect(await fresh.visit(notRestarted)).toBe('nobody')
      await old.visit(notRestarted)
      const other = await restartOther()
      for (const process of [restarted, other]) {
        const back = stale === 'leaves-alone'
        expect(await fresh.visit(process)).toBe(back ? 'fresh' : 'nobody')
        if (back) expect(await old.visit(process)).toBe('old')
      }
    })

    test('a login within the settle time is good for as long as any other', async () => {
      const { restarted } = await halfRestarted({ next: false, settle: 600 })
      const fresh = createVisitor()
      await fresh.login(restarted, 'fresh')
      pass(PERIOD_MS / 2 - DAY_MS)
      expect(await fresh.visit(restarted)).toBe('fresh')
    })
  })
}
