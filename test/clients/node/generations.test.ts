import { describe, expect, test } from 'vitest'
import { forge } from './support/forged.ts'
import { DAY, entry, HOUR, keyText, kidOf, ROTATED, ringAt } from './support/rings.ts'

const purpose = 'login'
const asked = { purpose }
/** Signed by a version, and good for ever. */
const forged = (version: number) =>
  forge({ version, kid: kidOf(version), exp: '99999999999', text: 'dXNlci0xNw', purpose })

describe('over the generations of a ring', () => {
  const rings = [1, 2, 3, 4, 5, 6].map(
    (version) =>
      ringAt({
        pair: `${keyText(version + 1)},${keyText(version)}`,
        told: { keys: [entry.sign(version + 1), entry.verify(version)] },
        startedAt: -DAY,
      }).ring,
  )

  test('renew says that an older key made a token, and not that its end is near', () => {
    const { ring, clock } = ringAt({ startedAt: -DAY })
    const token = ring.sign('user-17', { purpose, expiresIn: ring.guaranteedLife })
    clock.ms += ring.guaranteedLife * 1_000 - 1_000
    expect(ring.verify(token, asked)).toMatchObject({ ok: true, renew: false })
    clock.ms += 1_000
    expect(ring.verify(token, asked)).toEqual({ ok: false, reason: 'expired' })
  })

  test('a token is good under its own ring and the next, which renews it, and unknown to the one after', () => {
    for (const [place, own] of rings.entries()) {
      const signed = own.sign('user-17', { purpose, expiresIn: '7d' })
      const verdicts = rings.map((each) => each.verify(signed, asked))
      for (const [other, verdict] of verdicts.entries()) {
        if (other === place) expect(verdict).toMatchObject({ ok: true, renew: false })
        else if (other === place + 1) expect(verdict).toMatchObject({ ok: true, renew: true })
        else expect(verdict).toEqual({ ok: false, reason: 'unknown-key' })
      }
    }
  })

  test('who comes in each and is renewed when asked is known in all', () => {
    let held = rings[0]?.sign('user-17', { purpose, expiresIn: '7d' })
    for (const each of rings) {
      const verdict = each.verify(held, asked)
      expect(verdict).toMatchObject({ ok: true, text: 'user-17' })
      if (verdict.ok && verdict.renew) held = each.sign(verdict.text, { purpose, expiresIn: '7d' })
    }
  })

  test('a revoke ends all at once', () => {
    const revoked = ringAt({
      pair: `${keyText(9)},${keyText(8)}`,
      told: { keys: [entry.sign(9)], reason: 'revoke' },
    })
    expect(revoked.ring.verify(forged(5), asked)).toEqual({ ok: false, reason: 'unknown-key' })
  })

  test('the next key is accepted before it signs, and what it signed is not to be renewed', () => {
    const announced = ringAt({ told: { keys: [entry.next(6), entry.sign(5), entry.verify(4)] } }).ring
    const signed = forged(6)
    expect(announced.verify(signed, asked)).toMatchObject({ ok: true, kid: kidOf(6), renew: false })
    expect(announced.keys.map(({ use }) => use)).toEqual(['next', 'sign', 'verify'])
    expect(announced.secrets()).toEqual([keyText(4), keyText(5), keyText(6)])
  })

  test('a further key is accepted until its own end, to the millisecond, and renewed', () => {
    const until = ROTATED + 2 * HOUR
    const keys = [entry.sign(5), entry.verify(4), entry.further(3, until), entry.further(2, until + 1)]
    const { ring: kept, clock } = ringAt({ told: { keys }, startedAt: -DAY })
    const signed = forged(3)
    clock.ms = until - 1
    expect(kept.verify(signed, asked)).toMatchObject({ ok: true, kid: kidOf(3), renew: true })
    expect(kept.secrets()).toEqual([5, 4, 3, 2].map(keyText))
    clock.ms = until
    expect(kept.verify(signed, asked)).toEqual({ ok: false, reason: 'unknown-key' })
    expect(kept.secrets()).toEqual([5, 4, 2].map(keyText))
    expect(() => kept.derive('a', { kid: kidOf(3) })).toThrow('unknown-key')
    // Shown it is as long as the ring lives.
    expect(kept.keys).toHaveLength(4)
  })

  test('the second key is accepted whatever its end, and so is a filler', () => {
    const signed = forged(4)
    const late = ringAt({ told: { keys: [entry.sign(5), entry.verify(4, ROTATED)] } }).ring
    expect(late.verify(signed, asked)).toMatchObject({ ok: true, renew: true })
    const filled = ringAt({ told: { keys: [entry.sign(5)] } }).ring
    expect(filled.verify(signed, asked)).toMatchObject({ ok: true, renew: true })
    expect(filled.keys[1]).toEqual({ kid: kidOf(4), use: 'filler' })
  })
})
