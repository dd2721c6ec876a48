import { describe, expect, test } from 'vitest'
import { loginBeforeRotation } from './before-rotation.ts'
import { type App, pass, startProcess, useFormation } from './formation.ts'
import { testLiveProcess } from './live-process.ts'
import { createAddon, DAY_MS, HOUR_MS, PERIOD_MS } from './published.ts'
import { createVisitor, readSetCookie } from './visitor.ts'

/** Sessions that the framework signs anew when an older key made them; or tokens that it makes once. */
export type Renewal = 'renews' | 'never-renews'

/**
 * What holds for each framework over rotations. The app has `POST /login?user=`, `POST /logout`, `/` which tells who the
 * visitor is and else `nobody`, and `/static` which does not ask.
 */
export function testRotations(name: string, create: () => App, renewal: Renewal): void {
  describe(`${name}: rotations`, () => {
    useFormation()
    const whereRenewed = (title: string, body: () => Promise<void>) => {
      if (renewal === 'renews') test(title, body)
    }

    test('a login is good after the next rotation, and refused after the second unless it is used', async () => {
      const addon = createAddon()
      const app = create()
      const [used, unused] = [createVisitor(), createVisitor()]
      const before = await startProcess(app, addon.provision())
      pass(PERIOD_MS - DAY_MS)
      await used.login(before, 'alice')
      await unused.login(before, 'bob')
      pass(DAY_MS)
      const first = await startProcess(app, addon.rotate())
      pass(2 * DAY_MS)
      expect(await used.visit(first)).toBe('alice')
      // Within the life of every session here, and past the end of what renews nothing.
      for (let visits = 0; visits < 3; visits++) {
        pass(4 * DAY_MS)
        await used.visit(first)
      }
      const second = await startProcess(app, addon.rotate())
      expect(await unused.visit(second)).toBe('nobody')
      expect(await used.visit(second)).toBe(renewal === 'renews' ? 'alice' : 'nobody')
    })

    whereRenewed('a daily visitor stays logged in over six rotations', async () => {
      const addon = createAddon()
      const app = create()
      const visitor = createVisitor()
      let process = await startProcess(app, addon.provision())
      await visitor.login(process)
      for (let day = 1; day <= 6 * 14; day++) {
        pass(DAY_MS)
        if (day % 14 === 0) process = await startProcess(app, addon.rotate())
        expect([day, await visitor.visit(process)]).toEqual([day, 'alice'])
      }
    })

    test('parallel requests with one old cookie are all answered, and any of their answers keeps the login', async () => {
      const app = create()
      const { addon, visitor } = await loginBeforeRotation(app)
      const after = await startProcess(app, addon.rotate())
      pass(HOUR_MS)
      const answers = await visitor.visitInParallel(after, 5)
      expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(5).fill([200, 'alice']))
      for (const { setCookies } of answers.toReversed()) {
        visitor.take(setCookies)
        expect(await visitor.visit(after)).toBe('alice')
      }
    })

    test('a revoke ends every login at once, also in the settle time, and new ones are good', async () => {
      const addon = createAddon()
      const app = create()
      const visitor = createVisitor()
      await visitor.login(await startProcess(app, addon.provision()))
      pass(DAY_MS)
      const after = await startProcess(app, addon.revoke())
      expect(await visitor.visit(after)).toBe('nobody')
      await visitor.login(after)
      expect(await visitor.visit(after)).toBe('alice')
    })

    testLiveProcess(create, renewal === 'renews')

    test('a logout ends a login that an older key signed', async () => {
      const app = create()
      const { addon, visitor } = await loginBeforeRotation(app)
      const after = await startProcess(app, addon.rotate())
      pass(HOUR_MS)
      await visitor.logout(after)
      expect(await visitor.visit(after)).toBe('nobody')
      expect(await visitor.visit(after)).toBe('nobody')
    })

    whereRenewed('a renewed cookie has all attributes of the first one', async () => {
      const addon = createAddon()
      const app = create()
      const visitor = createVisitor()
      const before = await startProcess(app, addon.provision())
      pass(PERIOD_MS - DAY_MS)
      const first = attributesOf((await visitor.login(before)).setCookies)
      expect(Object.keys(first).length).toBeGreaterThan(0)
      pass(DAY_MS)
      const after = await startProcess(app, addon.rotate())
      // Long after the settle time.
      pass(DAY_MS)
      const answer = await visitor.ask(after, '/')
      expect(answer.body).toBe('alice')
      expect(attributesOf(answer.setCookies)).toMatchObject(first)
      visitor.closeBrowser()
      expect(await visitor.visit(after)).toBe('alice')
    })
  })
}

/** By cookie. The end of a cookie as the time that it has left. */
export function attributesOf(setCookies: readonly string[]): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    setCookies.map((text) => {
      const [name, { attributes, endsAtMs }] = readSetCookie(text)
      const { expires: _, ...others } = attributes
      const leftS = Math.round((endsAtMs - Date.now()) / 1_000)
      return [name, { ...others, leftS }]
    }),
  )
}
