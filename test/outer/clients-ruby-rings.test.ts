import { describe, expect, test } from 'vitest'
import { goodForSeconds } from '../../src/domain/good-for.ts'
import { UNTIL_NEXT_ROTATION } from '../../src/domain/grace.ts'
import { keyringOf, keyringText } from '../../src/domain/keyring-var.ts'
import type { Keyset } from '../../src/domain/keyset.ts'
import { RUBY_CLIENT } from './support/minitest.ts'
import { isMissing, RUBY, runTool } from './support/toolchain.ts'

const PERIOD_MS = 14 * 86_400_000
/** Prints what the Ruby tests take for published, and the texts and ids of their keys: version 1 is the first. */
const PROGRAM = `
require 'support/published'
rings = (1..8).flat_map do |number|
  [false, true].map { |announced| { at: Published.rotated_at(number), vars: Published.vars(number, announced: announced) } }
end
keys = (0..901).map { |number| { text: Published.key(number), kid: Published.kid(number) } }
puts JSON.generate(rings: rings, revoked: { at: Published::EPOCH, vars: Published.revoked }, keys: keys)`

type Ring = { at: number; vars: { SECURE_KEY: string; SECURE_KEYRING: string } }
type Printed = { rings: Ring[]; revoked: Ring; keys: { text: string; kid: string }[] }

function publishedInRuby(): Printed {
  return JSON.parse(runTool(RUBY, ['-I', `${RUBY_CLIENT}lib`, '-I', `${RUBY_CLIENT}test`, '-e', PROGRAM], {}))
}

/** What the service publishes for these versions, byte for byte. */
function textOfService({ at }: Ring, { keys }: Printed, change: Partial<Keyset>): string {
  const until = new Date(at * 1000 + PERIOD_MS)
  const current = change.current ?? 2
  const keyset: Keyset = {
    ...{ current, second: { version: current - 1, filler: false, until }, older: [], next: null },
    ...{ pending: null, pendingFiller: null, revokedTo: 0, ...change },
  }
  const goodFor = goodForSeconds({ grace: UNTIL_NEXT_ROTATION, periodMs: PERIOD_MS, tokenLifeMs: null })
  const keyring = keyringOf(
    {
      ...{ keyset, rotatedAt: new Date(at * 1000), nextRotationAt: until, epoch: 1 },
      ...{ reason: keyset.second.filler ? 'revoke' : 'scheduled', goodForSeconds: goodFor },
    },
    (version) => keys[version - 1]?.text ?? '',
    (text) => keys.find((key) => key.text === text)?.kid ?? '',
  )
  return keyringText(keyring, 'mac')
}

describe.skipIf(isMissing(RUBY))('the rings that the Ruby tests play through', () => {
  test('are what the service publishes, rotation by rotation, also with the next key and after a revoke', () => {
    const printed = publishedInRuby()
    const expected = printed.rings.map((ring, at) => {
      const current = Math.floor(at / 2) + 2
      const next = at % 2 === 0 ? null : { version: current + 1, announced: true }
      return textOfService(ring, printed, { current, next })
    })
    expect(printed.rings.map(({ vars }) => vars.SECURE_KEYRING)).toEqual(expected)
    const revoked = { current: 901, second: { version: 902, filler: true }, revokedTo: 900 } as const
    expect(printed.revoked.vars.SECURE_KEYRING).toBe(textOfService(printed.revoked, printed, revoked))
  })
})
