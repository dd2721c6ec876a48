import { expect, test } from 'vitest'
import { createWitness } from '../../src/sealing/witness.ts'

const kek = (id: string, fill: number) => ({ id, bytes: Buffer.alloc(32, fill) })

test('a witness knows again what it has signed', () => {
  const { sign, holds } = createWitness([kek('k1', 1)])
  expect(sign('text')).toMatch(/^k1\.[A-Za-z0-9_-]{43}$/)
  expect(holds('text', sign('text'))).toBe(true)
})

test('every listed KEK is known, the first one signs', () => {
  const old = createWitness([kek('k1', 1)]).sign('text')
  const both = createWitness([kek('k2', 2), kek('k1', 1)])
  expect(both.sign('text')).toMatch(/^k2\./)
  expect(both.holds('text', old)).toBe(true)
  expect(createWitness([kek('k2', 2)]).holds('text', old)).toBe(false)
})

test('an id may hold dots', () => {
  const { sign, holds } = createWitness([kek('a.b.c', 1)])
  expect(holds('text', sign('text'))).toBe(true)
})

const WITNESS = createWitness([kek('k1', 1)])
const MAC = WITNESS.sign('text')
test.each([
  ['of another text', 'other', MAC],
  ['of a KEK with other bytes under the same id', 'text', createWitness([kek('k1', 9)]).sign('text')],
  ['under an id that is not listed', 'text', MAC.replace('k1', 'k9')],
  ['that was cut', 'text', MAC.slice(0, -2)],
  ['with something behind it', 'text', `${MAC}AA`],
  ['without its id', 'text', MAC.slice(3)],
  ['that is empty', 'text', ''],
  ['of an id alone', 'text', 'k1.'],
])('a MAC %s is not held', (_what, text, mac) => {
  expect(WITNESS.holds(text, mac)).toBe(false)
})

test('no MAC tells the bytes of its KEK', () => {
  const { bytes } = kek('k1', 1)
  expect(MAC).not.toContain(bytes.toString('base64url').slice(0, 8))
})

test('a witness without any KEK is none', () => {
  expect(() => createWitness([])).toThrow(RangeError)
})
