import { describe, expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'
import { createLocalKek, type Kek } from '../../src/sealing/keyring.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'

const bytesOf = (id: string) => Uint8Array.from(seededBytes(`kek ${id}`)(32))
const kek = (id: string): Kek => createLocalKek(id, bytesOf(id))

async function sealingWith(...ids: string[]): Promise<Sealing> {
  return createSealing(await Promise.all(ids.map(kek)), seededBytes('sealing'))
}

/** A secret sealed by a service that knows only the first KEK. */
async function sealedByOld() {
  const { sealer, wrappedDek } = await (await sealingWith('old')).forNewResource(RESOURCE)
  return { wrappedDek, sealed: await sealer.seal('sealed_key', 'secret', 2) }
}

const detailOf = (error: unknown) => (error instanceof SecurekeyError ? error.detail : undefined)
const detailOfRefusal = (work: Promise<unknown>) => work.then(() => 'it opened', detailOf)

test('a secret opens in another process that knows the same KEK', async () => {
  const { wrappedDek, sealed } = await sealedByOld()
  const sealer = await (await sealingWith('old')).forResource(RESOURCE, wrappedDek)
  expect(await sealer.open('sealed_key', sealed, 2)).toBe('secret')
})

test('each resource has a data key of its own: the sealer of one does not open what another sealed', async () => {
  const sealing = await sealingWith('old')
  const one = await sealing.forNewResource(RESOURCE)
  const other = await sealing.forNewResource(OTHER)
  expect(one.wrappedDek).not.toBe(other.wrappedDek)
  const sealed = await one.sealer.seal('sealed_code', 'secret')
  await expect(other.sealer.open('sealed_code', sealed)).rejects.toThrow(SecurekeyError)
})

test('a data key copied to the row of another resource does not open there', async () => {
  const { wrappedDek } = await sealedByOld()
  await expect((await sealingWith('old')).forResource(OTHER, wrappedDek)).rejects.toThrow(SecurekeyError)
})

describe('exchange of the KEK', () => {
  test('with the new KEK in front, old data keys still open and new ones are wrapped by the new KEK', async () => {
    const { wrappedDek, sealed } = await sealedByOld()
    const both = await sealingWith('new', 'old')
    expect(await (await both.forResource(RESOURCE, wrappedDek)).open('sealed_key', sealed, 2)).toBe('secret')

    const fresh = await both.forNewResource(OTHER)
    await expect((await sealingWith('new')).forResource(OTHER, fresh.wrappedDek)).resolves.toBeDefined()
    await expect((await sealingWith('old')).forResource(OTHER, fresh.wrappedDek)).rejects.toThrow()
  })

  test('a rewrapped data key opens with the new KEK alone, and what it sealed before still opens', async () => {
    const { wrappedDek, sealed } = await sealedByOld()
    const rewrapped = await (await sealingWith('new', 'old')).rewrap(RESOURCE, wrappedDek)
    if (rewrapped === undefined) throw new Error('it was not rewrapped')
    const sealer = await (await sealingWith('new')).forResource(RESOURCE, rewrapped)
    expect(await sealer.open('sealed_key', sealed, 2)).toBe('secret')
  })

  test('a data key that the first KEK wrapped is left as it is', async () => {
    const { wrappedDek } = await sealedByOld()
    expect(await (await sealingWith('old', 'older')).rewrap(RESOURCE, wrappedDek)).toBeUndefined()
  })

  test('without the old KEK, the error names its id and the resource, never a key', async () => {
    const { wrappedDek } = await sealedByOld()
    const detail = await detailOfRefusal((await sealingWith('new')).forResource(RESOURCE, wrappedDek))
    expect(detail).toBe(
      `the data key of resource ${RESOURCE} was wrapped by KEK "old", which SEALING_KEYS does not list`,
    )
    for (const id of ['old', 'new']) {
      expect(detail).not.toContain(Buffer.from(bytesOf(id)).toString('base64').slice(0, 10))
    }
  })

  test('a KEK with the old id and other bytes opens nothing', async () => {
    const { wrappedDek } = await sealedByOld()
    const impostor = createSealing([createLocalKek('old', bytesOf('new'))], seededBytes('sealing'))
    expect(await detailOfRefusal(impostor.forResource(RESOURCE, wrappedDek))).toContain('wrong sealing key')
  })
})

test.each(['', 'nonsense', 'a.b.c.d.e'])(
  'a wrapped data key that is none is refused: %o',
  async (wrapped) => {
    const detail = await detailOfRefusal((await sealingWith('old')).forResource(RESOURCE, wrapped))
    expect(detail).toContain(RESOURCE)
  },
)

test('a service without any KEK is refused', () => {
  expect(() => createSealing([], seededBytes('sealing'))).toThrow(RangeError)
})
