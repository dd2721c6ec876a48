import { expect, test } from 'vitest'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import { startWithAddon } from '../support/addon.ts'
import { linesOf, tell } from './support/tell.ts'

test('unusual access is told in the log of the app, with why, once', async () => {
  const h = await startWithAddon()
  const person = { type: 'person', verified: true, address: '203.0.113.9' } as const
  for (const userId of ['ada', 'bob', 'bob']) {
    const actor = { ...person, userId, email: `${userId}@example.com` }
    await revealKey(h.deps, { resourceId: h.addon.id, actor, version: 2 })
  }
  await tell(h)
  await tell(h)
  expect(linesOf(h)).toEqual([
    expect.stringMatching(
      /^securekey\.access=unusual addon=\S+ because=new-person who=bob@example\.com from=203\.0\.113\.0\/24 .*text="Unusual access to \S+: bob@example\.com saw a key for the first time, from 203\.0\.113\.0\/24\."$/,
    ),
  ])
})
