import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { keyring } from '../../clients/node/src/index.ts'
import { keyVectors } from '../../clients/vectors/make/keys.ts'
import { stateVectors } from '../../clients/vectors/make/states.ts'
import type { CookieEntry, CookieFile } from './support/cookie-file.ts'
import { NODE_READERS } from './support/cookie-readers.ts'

const FOLDER = new URL('../../clients/vectors/cookies/', import.meta.url)
const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }))
const states = new Map(stateVectors().map((state) => [state.name, state]))

afterEach(() => {
  vi.useRealTimers()
})

test('there are cookies of every Node framework that a page shows', () => {
  const wanted = ['cookie-session', 'express-session', 'koa', 'koa-session', 'fastify-cookie', 'jose']
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted.map((name) => `${name}.json`)))
})

describe.each(files)('the cookies of $name', ({ name, text }) => {
  const file: CookieFile = JSON.parse(text)

  test('say which framework made them, and how they are made again', () => {
    expect(file.format).toBe('securekey-cookies/1')
    expect(name).toBe(`${file.framework.replace('@', '').replace('/', '-').toLowerCase()}.json`)
    expect(file.version).toMatch(/^\d+\.\d+/)
    expect(readFileSync(new URL(`../../../${file.made_by}`, FOLDER), 'utf8')).toContain('cookies')
  })

  test('were made in states that there are, before a rotation and after it', () => {
    const made = file.entries.map(({ state }) => state)
    expect(made).toEqual(expect.arrayContaining(['fresh', 'rotated once', 'rotated twice', 'revoked']))
    expect(made.filter((state) => !states.has(state))).toEqual([])
    expect(new Set(file.entries.map((entry) => entry.name)).size).toBe(file.entries.length)
  })

  test('are accepted exactly where the key that made them is', () => {
    for (const { state, accepted_in: accepted, refused_in: refused } of file.entries) {
      const maker = states.get(state)?.signing ?? ''
      const where = (wanted: boolean, names: readonly string[]) =>
        names.filter((name) => states.get(name)?.accepted.includes(maker) !== wanted)
      expect(accepted).toContain(state)
      expect(refused.length).toBeGreaterThan(0)
      expect([...where(true, accepted), ...where(false, refused)]).toEqual([])
    }
  })

  test('hold no key', () => {
    const cookies = file.entries.map((entry: CookieEntry) => Object.values(entry.cookies).join())
    expect(cookies.filter((value) => value.length < 20)).toEqual([])
    for (const { text: key } of keyVectors()) expect(cookies.join().toUpperCase()).not.toContain(key)
  })
})

const ofNode = files
  .map(({ text }): CookieFile => JSON.parse(text))
  .filter(({ made_by }) => made_by.endsWith('node-cookies.ts'))

describe.each(ofNode)('$framework over the ring', ({ framework, entries }) => {
  test.each(entries)('reads a login $name where it should, and nowhere else', async (entry) => {
    // The frameworks ask the process for the time; the ring is told the one of its state.
    vi.useFakeTimers({ toFake: ['Date'], now: entry.now })
    for (const state of [...entry.accepted_in, ...entry.refused_in]) {
      const wanted = entry.accepted_in.includes(state) ? entry.says : undefined
      expect(await readIn(framework, state, entry), state).toEqual(wanted)
    }
  })
})

async function readIn(framework: string, name: string, { cookies }: CookieEntry): Promise<unknown> {
  const state = states.get(name)
  if (!state) throw new Error(`there is no state "${name}"`)
  const { secure_key: value, secure_keyring, now, started_at: startedAt } = state
  const ring = keyring({
    ...{ value, keyringValue: secure_keyring ?? undefined, now: () => now, startedAt },
    onWarning: () => {},
  })
  const header = Object.entries(cookies).map(([cookie, text]) => `${cookie}=${text}`)
  return NODE_READERS[framework]?.(ring, header.join('; '), cookies)
}
