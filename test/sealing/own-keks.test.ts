import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createKms, type Kms } from '../../src/kms/create-kms.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createOwnKeks } from '../../src/sealing/own-keks.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { createFakeClock } from '../simulator/support/fake-clock.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { customerKey, partnerAccess, type StartedKms, startFakeKms } from '../support/fake-kms.ts'
import { MINUTE, SECOND } from '../support/harness.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const KEY = seededBytes('key')(32)
const clock = createFakeClock('2026-03-03T12:00:00Z')
const local = createLocalKek('k1', seededBytes('kek')(32))

let started: StartedKms
let kms: Kms

beforeAll(async () => {
  started = await startFakeKms(clock.now)
  kms = createKms(partnerAccess(started.url))
})
beforeEach(() => {
  started.kms.faults.clear()
})
afterAll(async () => {
  kms.close()
  await started.kms.close()
})

/** Another process: its cache is empty. */
function newSealing(): Sealing {
  return createSealing(
    [local],
    seededBytes('sealing'),
    createOwnKeks(kms, () => clock.now().getTime()),
  )
}

async function sealedUnder(arn: string, sealing = newSealing(), resourceId = RESOURCE) {
  const { sealer, dek } = await sealing.forNewResource(resourceId, arn)
  return { sealing, dek, sealed: sealer.sealKey(2, KEY) }
}

const decrypts = () => started.kms.calls().filter(({ action }) => action === 'Decrypt').length
const codeOf = (opening: unknown) =>
  Promise.resolve(opening).then(
    () => 'opens',
    (error: { code: string }) => error.code,
  )

describe('a data key that a customer’s own key has wrapped', () => {
  test('opens in another process, and what it sealed with it', async () => {
    const { arn } = customerKey(started.kms)
    const { dek, sealed } = await sealedUnder(arn)
    expect(dek.kekId).toBe(arn)
    expect((await newSealing().forResource(RESOURCE, dek)).openKey(2, sealed)).toEqual(KEY)
  })

  test('opens for no other resource', async () => {
    const { arn } = customerKey(started.kms)
    const { dek } = await sealedUnder(arn)
    expect(await codeOf(newSealing().forResource(OTHER, dek))).toBe('sealed-value-unreadable')
  })

  test('is never wrapped by ours: there is no way back', async () => {
    const { arn } = customerKey(started.kms)
    const { sealing, dek } = await sealedUnder(arn)
    expect(await sealing.rewrap({ resourceId: RESOURCE, column: 'wrapped_dek' }, dek)).toBeUndefined()
  })

  test('stays closed in a service that has no access to AWS', async () => {
    const { arn } = customerKey(started.kms)
    const { dek } = await sealedUnder(arn)
    const without = createSealing([local], seededBytes('sealing'))
    expect(() => without.forResource(RESOURCE, dek)).toThrow(
      expect.objectContaining({ code: 'own-key-unreachable' }),
    )
    expect(await codeOf(without.forNewResource(RESOURCE, arn))).toBe('own-key-unreachable')
  })

  test('of a disabled key is unusable; where AWS is away it is unreachable', async () => {
    const key = customerKey(started.kms)
    const { dek } = await sealedUnder(key.arn)
    started.kms.faults.add({ kind: 'throttle', times: 3 })
    expect(await codeOf(newSealing().forResource(RESOURCE, dek))).toBe('own-key-unreachable')
    key.state = 'Disabled'
    expect(await codeOf(newSealing().forResource(RESOURCE, dek))).toBe('own-key-unusable')
    expect(await codeOf(newSealing().forNewResource(RESOURCE, key.arn))).toBe('own-key-unusable')
  })
})

describe('the cache of opened data keys', () => {
  test('asks AWS once for many who ask at a time, and not again for five minutes', async () => {
    const { arn } = customerKey(started.kms)
    const { dek } = await sealedUnder(arn)
    const sealing = newSealing()
    const before = decrypts()
    await Promise.all(Array.from({ length: 20 }, () => sealing.forResource(RESOURCE, dek)))
    clock.advance(5 * MINUTE - SECOND)
    // At once, without a promise.
    expect(sealing.forResource(RESOURCE, dek)).not.toBeInstanceOf(Promise)
    expect(decrypts()).toBe(before + 1)
    clock.advance(2 * SECOND)
    await sealing.forResource(RESOURCE, dek)
    expect(decrypts()).toBe(before + 2)
  })

  test('knows what was just made', async () => {
    const { arn } = customerKey(started.kms)
    const before = decrypts()
    const { sealing, dek } = await sealedUnder(arn)
    await sealing.forResource(RESOURCE, dek)
    expect(decrypts()).toBe(before)
  })

  test('goes on with what it has while a key is withdrawn or AWS is away, fifteen minutes in all and no longer', async () => {
    const key = customerKey(started.kms)
    const { sealing, dek } = await sealedUnder(key.arn)
    key.state = 'Disabled'
    clock.advance(10 * MINUTE)
    expect(await codeOf(sealing.forResource(RESOURCE, dek))).toBe('opens')
    clock.advance(5 * MINUTE - SECOND)
    expect(await codeOf(sealing.forResource(RESOURCE, dek))).toBe('opens')
    clock.advance(2 * SECOND)
    expect(await codeOf(sealing.forResource(RESOURCE, dek))).toBe('own-key-unusable')
    key.state = 'Enabled'
    clock.advance(16 * SECOND)
    expect(await codeOf(sealing.forResource(RESOURCE, dek))).toBe('opens')
  })

  test('does not go on with a data key that AWS does not open', async () => {
    const { arn } = customerKey(started.kms)
    const { sealing, dek } = await sealedUnder(arn)
    clock.advance(6 * MINUTE)
    started.kms.faults.add({ kind: 'exception', type: 'InvalidCiphertextException', times: 3 })
    expect(await codeOf(sealing.forResource(RESOURCE, dek))).toBe('sealed-value-unreadable')
  })

  test('does not ask a refused key again for a quarter of a minute, whichever resource needs it', async () => {
    const key = customerKey(started.kms)
    const one = await sealedUnder(key.arn)
    const other = await sealedUnder(key.arn, one.sealing, OTHER)
    const sealing = newSealing()
    key.state = 'Disabled'
    const before = decrypts()
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await codeOf(sealing.forResource(RESOURCE, one.dek))).toBe('own-key-unusable')
      expect(await codeOf(sealing.forResource(OTHER, other.dek))).toBe('own-key-unusable')
    }
    expect(decrypts()).toBe(before + 1)
    key.state = 'Enabled'
    clock.advance(16 * SECOND)
    expect(await codeOf(sealing.forResource(RESOURCE, one.dek))).toBe('opens')
  })
})
