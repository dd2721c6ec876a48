import { expect, test } from 'vitest'
import { CLIENT_SECRET, PASSWORD, startHarness } from '../support/harness.ts'
import { addLegacyAddon, overLegacyApi } from '../support/legacy.ts'
import { runProgram } from './support/run-program.ts'

test('an operator reads how far the move to version 3 is, and gets grants only where they can be exchanged', async () => {
  const h = await startHarness(overLegacyApi({ legacyGrants: true }))
  await addLegacyAddon(h)
  const legacy = (command: string, env: Record<string, string> = {}) =>
    runProgram(h, 'legacy', [command], { PARTNER_API: 'v1', ...env })
  const [without, status] = await Promise.all([
    legacy('grants', { ADDON_CLIENT_SECRET: '' }),
    legacy('status'),
  ])
  expect(without).toEqual({ code: 1, text: expect.stringContaining('Set ADDON_CLIENT_SECRET first') })
  expect(status.text).toBe('PARTNER_API is v1. Of 1 add-ons 1 have no tokens for version 3.\n')
  const { code, text } = await legacy('grants')
  expect([code, text]).toEqual([0, '1 grants stored. Workers exchange them within five minutes.\n'])
  for (const secret of [CLIENT_SECRET, PASSWORD]) expect(text).not.toContain(secret)
})
