import { expect, test } from 'vitest'
import { bearerText } from '../../src/domain/bearer-text.ts'
import { newToken } from '../../src/flows/tokens/make-token.ts'
import { insertToken } from '../../src/store/api-tokens.ts'
import { startWithAddon } from '../support/addon.ts'
import { DAY } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { runProgram } from './support/run-program.ts'

test('an operator lists the tokens of an add-on without their texts, and ends them all', async () => {
  const h = await startWithAddon()
  const text = bearerText('api', new Uint8Array(8).fill(1), new Uint8Array(32).fill(2))
  // The program has a clock of its own.
  const times = { createdAt: new Date(), expiresAt: new Date(Date.now() + DAY) }
  const who = { userId: 'ann', email: 'ann@example.com' }
  const facts = { resourceId: h.addon.id, name: 'ci', scopes: ['read', 'keyring'] as const, ...who, ...times }
  await insertToken(h.deps.db, await newToken(h.deps, text, facts))
  const tokens = (...args: string[]) => runProgram(h, 'tokens', args)
  const listed = await tokens('list', h.addon.name)
  expect(listed.text).toMatch(/^0101010101010101 {2}read,keyring .*never used.*ci, made by ann@example\.com/)
  expect(listed.text).not.toContain(text.slice(24))
  expect(await tokens('end', h.addon.id)).toEqual({ code: 0, text: '1 tokens ended.\n' })
  expect(await tokens('list', h.addon.id)).toEqual({ code: 0, text: 'There are no tokens.\n' })
  expect(await h.deps.db.selectFrom('api_tokens').selectAll().execute()).toEqual([])
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ actor: { type: 'operator' } })
  expect((await tokens('end')).text).toContain('Usage: npm run tokens')
})
