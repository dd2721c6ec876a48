import { describe, expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'
import type { WrappedDek } from '../../src/domain/wrapped-dek.ts'
import { createLocalKek, type Kek } from '../../src/sealing/keyring.ts'
import { createSealing, type ResourceSealer, type Sealing } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const PLACE = { resourceId: RESOURCE, column: 'wrapped_dek' } as const
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const KEY = seededBytes('key')(32)

const bytesOf = (id: string) => Uint8Array.from(seededBytes(`kek ${id}`)(32))
const kek = (id: string): Kek => createLocalKek(id, bytesOf(id))

function sealingWith(...ids: string[]): Sealing {
  return createSealing(ids.map(kek), seededBytes('sealing'))
}

/** A key and a text that were sealed by a service that knows only the first KEK. */
async function sealedByOld() {
  const { sealer, dek } = await sealingWith('old').forNewResource(RESOURCE)
  return { dek, sealed: sealer.sealKey(2, KEY), text: sealer.seal('sealed_access_token', 'secret') }
}

/** Opens a data key; one that is refused at once and one that is refused later look alike. */
async function open(sealing: Sealing, resourceId: string, dek: WrappedDek): Promise<ResourceSealer> {
  return await sealing.forResource(resourceId, dek)
}

const detailOf = (error: unknown) => (error instanceof SecurekeyError ? error.detail : undefined)
const detailOfRefusal = (work: Promise<unknown>) => work.then(() => 'it opened', detailOf)

test('a secret opens in another process that knows the same KEK', async () => {
  const { dek, sealed, text } = await sealedByOld()
  const sealer = await sealingWith('old').forResource(RESOURCE, dek)
  expect(sealer.openKey(2, sealed)).toEqual(KEY)
  expect(sealer.open('sealed_access_token', text)).toBe('secret')
})

test('each resource has a data key of its own: the sealer of one does not open what another sealed', async () => {
  const sealing = sealingWith('old')
  const one = await sealing.forNewResource(RESOURCE)
  const other = await sealing.forNewResource(OTHER)
  expect(one.dek.wrapped).not.toEqual(other.dek.wrapped)
  const sealed = one.sealer.seal('sealed_code', 'secret')
  expect(() => other.sealer.open('sealed_code', sealed)).toThrow(SecurekeyError)
  const again = await sealing.forNewResource(RESOURCE)
  expect(() => again.sealer.open('sealed_code', sealed)).toThrow(SecurekeyError)
})

test('a key opens for its own version alone, and a text in its own column alone', async () => {
  const { sealer } = await sealingWith('old').forNewResource(RESOURCE)
  expect(() => sealer.openKey(3, sealer.sealKey(2, KEY))).toThrow(SecurekeyError)
  const text = sealer.seal('sealed_access_token', 'secret')
  expect(() => sealer.open('sealed_refresh_token', text)).toThrow(SecurekeyError)
  expect(() => sealer.openKey(2, text)).toThrow(SecurekeyError)
})

test('a data key copied to the row of another resource does not open there', async () => {
  const { dek } = await sealedByOld()
  await expect(open(sealingWith('old'), OTHER, dek)).rejects.toThrow(SecurekeyError)
})

test('a data key whose row names another KEK than the one that wrapped it does not open', async () => {
  const { dek } = await sealedByOld()
  const both = sealingWith('old', 'other')
  expect(await detailOfRefusal(open(both, RESOURCE, { ...dek, kekId: 'other' }))).toContain(
    'wrong sealing key',
  )
})

describe('exchange of the KEK', () => {
  test('with the new KEK in front, old data keys still open and new ones are wrapped by the new KEK', async () => {
    const { dek, sealed } = await sealedByOld()
    const both = sealingWith('new', 'old')
    expect((await both.forResource(RESOURCE, dek)).openKey(2, sealed)).toEqual(KEY)

    const fresh = await both.forNewResource(OTHER)
    expect(fresh.dek.kekId).toBe('new')
    await expect(open(sealingWith('new'), OTHER, fresh.dek)).resolves.toBeDefined()
    await expect(open(sealingWith('old'), OTHER, fresh.dek)).rejects.toThrow()
  })

  test('a rewrapped data key opens with the new KEK alone, and what it sealed before still opens', async () => {
    const { dek, sealed } = await sealedByOld()
    const rewrapped = await sealingWith('new', 'old').rewrap(PLACE, dek)
    if (rewrapped === undefined) throw new Error('it was not rewrapped')
    const sealer = await sealingWith('new').forResource(RESOURCE, rewrapped)
    expect(sealer.openKey(2, sealed)).toEqual(KEY)
  })

  test('a data key that the first KEK wrapped is left as it is', async () => {
    const { dek } = await sealedByOld()
    expect(await sealingWith('old', 'older').rewrap(PLACE, dek)).toBeUndefined()
  })

  test('without the old KEK, the error names its id and the resource, never a key', async () => {
    const { dek } = await sealedByOld()
    const detail = await detailOfRefusal(open(sealingWith('new'), RESOURCE, dek))
    expect(detail).toBe(
      `the data key of resource ${RESOURCE} was wrapped by KEK "old", which SEALING_KEYS does not list`,
    )
    for (const id of ['old', 'new']) {
      expect(detail).not.toContain(Buffer.from(bytesOf(id)).toString('base64').slice(0, 10))
    }
  })

  test('a KEK with the old id and other bytes opens nothing', async () => {
    const { dek } = await sealedByOld()
    const impostor = createSealing([createLocalKek('old', bytesOf('new'))], seededBytes('sealing'))
    expect(await detailOfRefusal(open(impostor, RESOURCE, dek))).toContain('wrong sealing key')
  })
})

test.each(['', 'nonsense', 'a.b.c.d.e', `\u0001${'x'.repeat(60)}`])(
  'a wrapped data key that is none is refused: %o',
  async (text) => {
    const dek = { kekId: 'old', wrapped: Buffer.from(text) }
    const detail = await detailOfRefusal(open(sealingWith('old'), RESOURCE, dek))
    expect(detail).toContain(RESOURCE)
  },
)

test('a wrapped data key of another length than a key is refused, although it is wrapped well', async () => {
  const wrapped = await kek('old').wrap(PLACE, new Uint8Array(31))
  await expect(open(sealingWith('old'), RESOURCE, { kekId: 'old', wrapped })).rejects.toThrow(RangeError)
})

test('a service without any KEK is refused', () => {
  expect(() => createSealing([], seededBytes('sealing'))).toThrow(RangeError)
})
