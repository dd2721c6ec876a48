import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { vectorLists, vectorsText } from '../../clients/vectors/make/vectors.ts'
import { parseSecureKeyValue, secureKeyValue } from '../../src/domain/config-vars.ts'
import { keyringOf, keyringText, readKeyring } from '../../src/domain/keyring-var.ts'
import type { Keyset } from '../../src/domain/keyset.ts'
import { publishedPair } from '../../src/domain/keyset.ts'
import { kidOf } from '../../src/flows/config-vars-of.ts'
import { readSource } from '../support/source-file.ts'

const FILE = fileURLToPath(new URL('../../clients/vectors/securekey-vectors.json', import.meta.url))
const lists = vectorLists()
const FIRST_ROTATION = Date.UTC(2026, 2, 17, 12)
const DAY = 86_400_000

const afterFirst = (days: number) => new Date(FIRST_ROTATION + days * DAY)
const old = (version: number, days: number) => ({ version, until: afterFirst(days) })
const keyset = (current: number, second: Keyset['second'], change: Partial<Keyset> = {}): Keyset => ({
  ...{ current, second, pending: null, pendingFiller: null, older: [], next: null, revokedTo: 0 },
  ...change,
})
const filler = (version: number) => ({ version, filler: true }) as const
const second = (version: number, days: number) => ({ filler: false, ...old(version, days) }) as const

/** What the service knows of an add-on in the states that it publishes; all else follows. */
const PUBLISHED: Record<string, { keyset: Keyset; goodForDays: number }> = {
  fresh: { keyset: keyset(2, filler(1)), goodForDays: 7 },
  'rotated once': { keyset: keyset(3, second(2, 14)), goodForDays: 7 },
  'rotated twice': { keyset: keyset(4, second(3, 28)), goodForDays: 7 },
  'rotated late': { keyset: keyset(3, second(2, 14)), goodForDays: 7 },
  settling: { keyset: keyset(3, second(2, 14)), goodForDays: 7 },
  'in a grace period of two days': { keyset: keyset(3, second(2, 2)), goodForDays: 2 },
  'grace ended': { keyset: keyset(3, filler(4)), goodForDays: 2 },
  revoked: { keyset: keyset(4, filler(5), { revokedTo: 3 }), goodForDays: 7 },
  'next announced': {
    keyset: keyset(2, filler(1), { next: { version: 3, announced: true } }),
    goodForDays: 7,
  },
  'next promoted': {
    keyset: keyset(3, second(2, 14), { next: { version: 4, announced: true } }),
    goodForDays: 7,
  },
  'revoked with next': {
    keyset: keyset(4, filler(5), { next: { version: 6, announced: true }, revokedTo: 3 }),
    goodForDays: 7,
  },
  'older key kept': { keyset: keyset(4, second(3, 3), { older: [old(2, 2)] }), goodForDays: 2 },
}

test('the file holds what its script makes', () => {
  expect(readFileSync(FILE, 'utf8')).toBe(vectorsText())
})

test('the script is a second hand: it imports nothing of the libraries that it is to check', () => {
  const made = fileURLToPath(new URL('../../clients/vectors/make/', import.meta.url))
  const files = readdirSync(made).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(10)
  const imports = files.flatMap((name) => readSource(readFileSync(`${made}${name}`, 'utf8')).imports)
  const names = imports.map(({ specifier }) => specifier)
  expect(names.filter((name) => /^\.\.|^\/|^securekey/.test(name))).toEqual([])
})

test('no two entries of a list have one name, and every list has entries', () => {
  for (const [name, entries] of Object.entries(lists)) {
    expect(entries.length, name).toBeGreaterThan(8)
    expect(new Set(entries.map((entry) => entry.name)).size, name).toBe(entries.length)
  }
})

test('the ids of the keys are the fingerprints of the service, and two different keys share one', () => {
  for (const { text, kid } of lists.keys) expect(kidOf(text)).toBe(kid)
  const texts = new Set(lists.keys.map(({ text }) => text))
  expect(texts.size).toBe(lists.keys.length)
  expect(new Set(lists.keys.map(({ kid }) => kid)).size).toBe(lists.keys.length - 1)
})

test('a value is accepted where the service takes it for a pair of two different keys', () => {
  for (const value of lists.values) {
    const keys = parseSecureKeyValue(value.secure_key ?? '')
    expect('keys' in value, value.name).toBe(keys !== undefined && keys.first !== keys.second)
  }
})

describe('the state', () => {
  test.each(Object.entries(PUBLISHED))(
    '%s is what the service publishes',
    (name, { keyset, goodForDays }) => {
      const state = lists.states.find((each) => each.name === name)
      if (!state?.secure_keyring) throw new Error(`no state "${name}" with a keyring`)
      const textOf = (version: number) => lists.keys[version - 1]?.text ?? ''
      const { first, second } = publishedPair(keyset)
      expect(state.secure_key).toBe(secureKeyValue(textOf(first), textOf(second)))
      const read = readKeyring(state.secure_keyring)
      if (!read) throw new Error('the service does not read it')
      const goodForSeconds = goodForDays * 86_400
      const { reason, rotatedAt, nextRotationAt, epoch } = read.keyring
      const published = keyringText(
        keyringOf({ keyset, reason, rotatedAt, nextRotationAt, goodForSeconds, epoch }, textOf, kidOf),
        read.mac,
      )
      expect(state.secure_keyring).toBe(published)
    },
  )
})
