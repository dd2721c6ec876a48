import { describe, expect, test } from 'vitest'
import { type App, pass, startProcess, useFormation } from './formation.ts'
import { createAddon, DAY_MS } from './published.ts'
import { createVisitor } from './visitor.ts'

/** `quiet`: only an answer that depends on the visitor renews the cookie. `any-page`: the framework renews it with the first. */
export type Renewing = 'quiet' | 'any-page'

/** Which answer brings a renewed cookie. A shared cache could keep it and hand it to others. */
export function testQuietPages(name: string, create: () => App, renewing: Renewing): void {
  describe(`${name}: pages that a shared cache may keep`, () => {
    useFormation()
    const title =
      renewing === 'quiet'
        ? 'a page that does not ask for the visitor brings no cookie'
        : 'every page may bring a renewed cookie: the framework does not wait until the app asks'

    test(title, async () => {
      const addon = createAddon()
      const app = create()
      const visitor = createVisitor()
      await visitor.login(await startProcess(app, addon.provision()))
      pass(DAY_MS)
      const after = await startProcess(app, addon.rotate(), { settle: 0 })
      const { setCookies } = await visitor.ask(after, '/static')
      expect(setCookies.length > 0).toBe(renewing === 'any-page')
      expect((await visitor.ask(after, '/')).setCookies.length > 0).toBe(renewing === 'quiet')
    })
  })
}
