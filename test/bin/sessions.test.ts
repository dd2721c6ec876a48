import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { type Harness, MINUTE } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { runProgram } from './support/run-program.ts'

const sessions = (harness: Harness, ...args: string[]) => runProgram(harness, 'sessions', args)

test('an operator ends all sessions of an add-on, by name or id, and the history tells', async () => {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  h.clock.advance(MINUTE)
  await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
  expect(await sessions(h, 'end', h.addon.name)).toEqual({ code: 0, text: '2 sessions ended.\n' })
  expect((await ann.get(ann.base)).status).toBe(403)
  expect(await sessions(h, 'list', h.addon.id)).toEqual({ code: 0, text: 'Nobody is signed on.\n' })
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'sessions-ended',
    actor: { type: 'operator' },
    details: { sessions: 2 },
  })
})

test('a name that nobody has, and a command that is none, are said to be so', async () => {
  const h = await startWithAddon()
  const nobody = await sessions(h, 'end', 'securekey-\u001b[31mnobody')
  expect(nobody.code).toBe(1)
  expect(nobody.text).not.toContain('\u001b')
  expect((await sessions(h, 'stop', h.addon.name)).text).toContain('Usage: npm run sessions')
  expect((await sessions(h, 'end')).code).toBe(1)
})
