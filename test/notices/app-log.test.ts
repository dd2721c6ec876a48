import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { linesOf, tell } from './support/tell.ts'

describe('the log of the app', () => {
  test('says a day before that a rotation comes, and that it was done, each in one line', async () => {
    const h = await startWithAddon()
    await tell(h)
    expect(linesOf(h)).toEqual([])
    h.clock.advance(13 * DAY + MINUTE)
    await tell(h)
    expect(linesOf(h)).toEqual([
      expect.stringMatching(
        /^securekey\.rotation=coming addon=\S+ rotates=2026-03-17T12:00:00\.000Z due=2026-03-17T12:00:00\.000Z id=\S+ text="[^"]+"$/,
      ),
    ])
    h.clock.advance(DAY)
    await tell(h)
    expect(linesOf(h)).toEqual([
      expect.stringMatching(/^securekey\.rotation=coming /),
      expect.stringMatching(/^securekey\.rotation=done /),
    ])
  })
})
