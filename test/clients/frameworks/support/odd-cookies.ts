import { describe, expect, test } from 'vitest'
import { type App, startProcess, useFormation } from './formation.ts'
import { createAddon } from './published.ts'
import { createVisitor, request } from './visitor.ts'

/** What nobody's browser sends by itself. `names`: the cookies of the app. */
const oddHeaders = (names: readonly string[]) =>
  names.flatMap((name) => [
    `${name}=`,
    `${name}`,
    `${name}=""`,
    `${name}="`,
    `${name}=.`,
    `${name}=..`,
    `${name}=s:`,
    `${name}=s:.`,
    `${name}=s%3Aalice.`,
    `${name}=%`,
    `${name}=%00`,
    `${name}=%ED%A0%80`,
    `${name}=;${name}=;`,
    `${name}=null`,
    `${name}=j:{"user":"alice"}`,
    `${name}=${'A'.repeat(4_000)}`,
    `${name}=eyJ1c2VyIjoiYWxpY2UifQ==`,
    `${name}=eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiYWxpY2UifQ.`,
    `${name}=Fe26.2*constructor*a*b*c**d*e~2`,
    `${name}=Fe26.2*__proto__*a*b*c**d*e~2`,
    `${name}=\u00ff\u00fe`,
  ])

/** No cookie, however odd, is an error or a login. */
export function testOddCookies(name: string, create: () => App): void {
  describe(`${name}: forged, empty and odd cookies`, () => {
    useFormation()

    test('no odd cookie is an error or a login', async () => {
      const url = await startProcess(create(), createAddon().provision())
      const visitor = createVisitor()
      await visitor.login(url)
      const names = [...visitor.jar.keys()]
      const headers = [...oddHeaders(names), ...pairsOf(names)]
      for (const cookie of headers) {
        const { status, body } = await request(`${url}/`, { cookie })
        expect([cookie, status, body]).toEqual([cookie, 200, 'nobody'])
      }
    })

    test('a cookie of another add-on, or with any character changed, is no login', async () => {
      const app = create()
      const url = await startProcess(app, createAddon().provision())
      const stranger = createVisitor()
      await stranger.login(await startProcess(app, createAddon().provision()))
      expect(await stranger.visit(url)).toBe('nobody')
      const visitor = createVisitor()
      await visitor.login(url)
      for (const [name, { value }] of [...visitor.jar]) {
        for (let at = 0; at < value.length - 1; at += 3) {
          if (!isWritten(value, at)) continue
          const changed = `${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`
          const others = visitor.header().replace(`${name}=${value}`, `${name}=${changed}`)
          const { status, body } = await request(`${url}/`, { cookie: others })
          expect([name, at, status, body]).toEqual([name, at, 200, 'nobody'])
        }
      }
    })
  })
}

/** A forged value with a forged signature beside it. */
function pairsOf(names: readonly string[]): string[] {
  const [value, signature] = [...names].sort((a, b) => a.length - b.length)
  if (!value || !signature) return []
  const forged = Buffer.from('{"user":"alice"}').toString('base64')
  return ['', 'A', '"', 'null', 'A'.repeat(43)].map((mac) => `${value}=${forged}; ${signature}=${mac}`)
}

/** Whether a character stands for bits of its own: not in an escape, and not the last of its Base64. */
function isWritten(value: string, at: number): boolean {
  return /^[A-Za-z0-9]{3}$/.test(value.slice(at, at + 3)) && !value.slice(at - 2, at).includes('%')
}
