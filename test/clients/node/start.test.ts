import { describe, expect, test } from 'vitest'
import { keyring, SecureKeyError } from '../../../clients/node/src/index.ts'
import { entry, keyringBody, keyText, kidOf, PAIR, thrown } from './support/rings.ts'

const A = keyText(5)
const B = keyText(4)
const silent = { onWarning: () => {} }

describe('an app does not start, and the error names the code, the variable and the place, with SECURE_KEY', () => {
  test.each<[string, string | undefined, string, number | undefined]>([
    ['not set', undefined, 'missing', undefined],
    ['empty', '', 'missing', undefined],
    ['a word', 'not-to-be-shown', 'not-two-keys', undefined],
    ['one key', A, 'not-two-keys', undefined],
    ['three keys', `${A},${B},${keyText(3)}`, 'not-two-keys', undefined],
    ['two keys and a comma', `${A},${B},`, 'not-two-keys', undefined],
    ['ten thousand commas', ','.repeat(10_000), 'not-two-keys', undefined],
    ['parted by a colon', `${A}:${B}`, 'not-two-keys', undefined],
    ['a comma', ',', 'bad-key', 1],
    ['an empty first key', `,${B}`, 'bad-key', 1],
    ['an empty second key', `${A},`, 'bad-key', 2],
    ['a space after the comma', `${A}, ${B}`, 'bad-key', 2],
    ['a space before it', ` ${A},${B}`, 'bad-key', 1],
    ['a line break at its end', `${A},${B}\n`, 'bad-key', 2],
    ['lower-case digits', `${A.toLowerCase()},${B}`, 'bad-key', 1],
    ['a key that is cut', `${A},${B.slice(1)}`, 'bad-key', 2],
    ['a key that is too long', `${A},${B}0`, 'bad-key', 2],
    ['full-width digits', `${A.replace(/\d/g, '１')},${B}`, 'bad-key', 1],
    ['a NUL', `${A},${B.slice(1)}\0`, 'bad-key', 2],
    ['two wrong keys: the first is told', 'not-to-be-shown,nor-this', 'bad-key', 1],
    ['the same key twice', `${A},${A}`, 'same-key-twice', 2],
    ['a wrong key twice: the form is judged first', 'x,x', 'bad-key', 1],
  ])('%s', (_, value, code, place) => {
    const error = thrown(() => keyring({ env: value === undefined ? {} : { SECURE_KEY: value } }))
    expect(error).toBeInstanceOf(SecureKeyError)
    expect({ ...(error as object) }).toEqual({
      ...{ name: 'SecureKeyError', code, variable: 'SECURE_KEY' },
      ...(place !== undefined && { place }),
    })
    const { message } = error as Error
    expect(message).toContain('SECURE_KEY')
    expect(message).toContain(code)
    for (const part of (value ?? '').split(/[\s,]+/).filter((text) => text.length > 1)) {
      expect(message).not.toContain(part)
    }
  })
})

describe('the variables', () => {
  const told = JSON.stringify(keyringBody())

  test('are SECURE_KEY and SECURE_KEYRING', () => {
    const ring = keyring({ env: { SECURE_KEY: PAIR, SECURE_KEYRING: told } })
    expect(ring.keys.map(({ version }) => version)).toEqual([5, 4])
  })

  test('with another name are that name, and that name with RING behind it', () => {
    const other = JSON.stringify(keyringBody({ keys: [entry.sign(8), entry.verify(7)] }))
    const env = { SECURE_KEY: PAIR, SECURE_KEYRING: told, SERVICE_ONE_SECURE_KEYRING: other }
    const ring = keyring({
      var: 'SERVICE_ONE_SECURE_KEY',
      env: { ...env, SERVICE_ONE_SECURE_KEY: `${keyText(8)},${keyText(7)}` },
    })
    expect(ring.keys.map(({ kid, version }) => [kid, version])).toEqual([
      [kidOf(8), 8],
      [kidOf(7), 7],
    ])
    expect(thrown(() => keyring({ var: 'SERVICE_ONE_SECURE_KEY', env }))).toMatchObject({
      code: 'missing',
      variable: 'SERVICE_ONE_SECURE_KEY',
    })
  })

  test('are those of the process if no others are given', () => {
    process.env.NODE_CLIENT_TEST_KEY = PAIR
    try {
      expect(keyring({ var: 'NODE_CLIENT_TEST_KEY', ...silent }).keys).toHaveLength(2)
    } finally {
      delete process.env.NODE_CLIENT_TEST_KEY
    }
  })

  test('are not read if the app states its keys: no keyring, and no warning of it', () => {
    const warnings: string[] = []
    const env = { SECURE_KEY: 'wrong', SECURE_KEYRING: told }
    const ring = keyring({ value: PAIR, env, onWarning: (code) => warnings.push(code) })
    expect(ring.keys.map(({ version }) => version)).toEqual([undefined, undefined])
    expect(warnings).toEqual([])
  })

  test('do not stand in for keys that an app states and that are undefined', () => {
    const env = { SECURE_KEY: PAIR }
    expect(thrown(() => keyring({ value: undefined, env }))).toMatchObject({ code: 'missing' })
  })

  test('an app can state its keyring beside its keys', () => {
    expect(keyring({ value: PAIR, keyringValue: told }).keys[0]?.version).toBe(5)
    const warnings: string[] = []
    keyring({ value: PAIR, keyringValue: undefined, onWarning: (code) => warnings.push(code) })
    expect(warnings).toEqual(['keyring-missing'])
  })
})

describe('an option that is wrong is named, and its value is not shown:', () => {
  const cases: [string, object][] = [
    ['var', { var: '' }],
    ['var', { var: 'NOT-TO-BE-SHOWN' }],
    ['var', { var: A }],
    ['var', { var: `SECURE_${A}` }],
    ['var', { var: 'A'.repeat(300) }],
    ['var', { var: 7 }],
    ['value', { value: 7 }],
    ['value', { value: [A, B] }],
    ['keyringValue', { keyringValue: {} }],
    ['env', { env: 'NOT-TO-BE-SHOWN' }],
    ['env', { env: { SECURE_KEY: [A, B] } }],
    ['settle', { settle: -1 }],
    ['settle', { settle: Number.NaN }],
    ['settle', { settle: '600' }],
    ['settle', { settle: 21_601 }],
    ['maxLife', { maxLife: 0 }],
    ['maxLife', { maxLife: '7 days' }],
    ['maxLife', { maxLife: 315_360_001 }],
    ['maxLife', { maxLife: null }],
    ['now', { now: 7 }],
    ['startedAt', { startedAt: new Date() }],
    ['startedAt', { startedAt: Number.POSITIVE_INFINITY }],
    ['onWarning', { onWarning: 'NOT-TO-BE-SHOWN' }],
    ['onStale', { onStale: {} }],
    ['vars', { vars: 'SERVICE_ONE_SECURE_KEY' }],
    ['options', { [A]: 1 }],
  ]
  test.each(cases)('%s, %j', (place, options) => {
    const error = thrown(() => keyring({ env: { SECURE_KEY: PAIR }, ...silent, ...options }))
    expect(error).toBeInstanceOf(SecureKeyError)
    expect(error).toMatchObject({ code: 'bad-option', place })
    expect(String(error)).not.toContain('NOT-TO-BE-SHOWN')
    expect(String(error)).not.toContain(A)
  })

  test.each([null, 'SECURE_KEY', 7])('options, %j', (options) => {
    expect(thrown(() => keyring(options as never))).toMatchObject({ code: 'bad-option', place: 'options' })
  })
})
