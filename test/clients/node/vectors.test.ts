import { describe, expect, test } from 'vitest'
import { keyring, type ShownKey } from '../../../clients/node/src/index.ts'
import { thrown } from './support/rings.ts'
import { meant, readVectors, type State } from './support/vectors.ts'

const vectors = readVectors()
const textOf = new Map(vectors.keys.map(({ name, text }) => [name, text]))
const kidOf = new Map(vectors.keys.map(({ text, kid }) => [text, kid]))

/** The ring of a state at its moment, or at another. */
function ringOf(name: string, now?: number) {
  const state = vectors.states.find((each) => each.name === name)
  if (!state) throw new Error(`no state "${name}"`)
  const warnings: string[] = []
  const ring = keyring({
    value: state.secure_key,
    keyringValue: state.secure_keyring ?? undefined,
    settle: state.settle,
    ...(state.max_life !== null && { maxLife: state.max_life }),
    now: () => now ?? state.now,
    startedAt: state.started_at,
    onWarning: (code) => warnings.push(code),
  })
  return { ring, warnings }
}

const shown = (keys: readonly ShownKey[]) =>
  keys.map(({ kid, use, version, until }) => ({
    ...{ kid, use, version: version ?? null, until: until?.toISOString() ?? null },
  }))

test('are of the form that is read here', () => {
  expect(vectors.format).toBe('securekey-vectors/1')
  const { format, ...lists } = vectors
  for (const list of Object.values(lists)) expect(list.length).toBeGreaterThan(5)
})

test.each(vectors.values)('SECURE_KEY: $name', ({ secure_key, keys, error, place }) => {
  const read = () => keyring({ value: secure_key ?? undefined })
  if (error !== undefined) {
    expect(thrown(read)).toMatchObject({ code: error })
    expect((thrown(read) as { place?: number }).place ?? null).toBe(place)
  } else {
    expect(read().keys.map(({ kid }) => kid)).toEqual(keys)
  }
})

test.each(vectors.keyrings)('SECURE_KEYRING: $name', ({ secure_key, secure_keyring, ...wanted }) => {
  const warnings: string[] = []
  const ring = keyring({
    value: secure_key,
    keyringValue: secure_keyring ?? undefined,
    onWarning: (code) => warnings.push(code),
  })
  expect(warnings).toEqual(wanted.warning === null ? [] : [wanted.warning])
  if (wanted.warning !== null) return
  expect(shown(ring.keys)).toEqual(wanted.keys)
  expect(ring.guaranteedLife).toBe(wanted.good_for ?? 43_200)
})

test.each(vectors.states)('state: $name', (state: State) => {
  const { ring, warnings } = ringOf(state.name)
  expect(warnings).toEqual(state.warning === null ? [] : [state.warning])
  expect(ring.guaranteedLife).toBe(state.guaranteed_life)
  expect(shown(ring.keys)).toEqual(state.keys)
  expect(ring.kid).toBe(state.signing)
  for (const { life, kids } of state.lists) {
    const asked = life === null ? {} : { life }
    for (const list of [ring.secrets(asked), ring.liveSecrets(asked)]) {
      expect(list.map((text) => kidOf.get(text))).toEqual(kids)
    }
    expect(ring.secretBuffers(asked).map((bytes) => bytes.toString('hex').toUpperCase())).toEqual(
      ring.secrets(asked),
    )
  }
  // Accepted is what can be derived from, too.
  const accepts = (kid: string) => {
    try {
      return ring.derive('a', { kid }).length > 0
    } catch {
      return false
    }
  }
  expect(ring.keys.map(({ kid }) => kid).filter(accepts)).toEqual(state.accepted)
})

test.each(vectors.derived)('derived: $name', ({ key, purpose, length, bytes, error }) => {
  const ring = keyring({ value: `${textOf.get(key)},${'0'.repeat(64)}` })
  const derive = () => ring.derive(meant(purpose) as string, { length: meant(length) as number })
  if (error !== undefined) expect(thrown(derive)).toMatchObject({ code: error })
  else expect(derive().toString('hex')).toBe(bytes)
})

test.each(vectors.signed)('signed: $name', ({ state, now, token, error, ...asked }) => {
  const { ring } = ringOf(state, now)
  const sign = () =>
    ring.sign(meant(asked.text) as string, {
      purpose: meant(asked.purpose) as string,
      expiresIn: meant(asked.expires_in) as string,
    })
  if (error !== undefined) expect(thrown(sign)).toMatchObject({ code: error })
  else expect(sign()).toBe(token)
})

describe('token:', () => {
  test.each(vectors.tokens)('$name', ({ state, now, purpose, token, reason, ...wanted }) => {
    const { ring } = ringOf(state, now)
    const verdict = ring.verify(meant(token), { purpose: meant(purpose) as string })
    if (reason !== undefined) {
      expect(verdict).toEqual({ ok: false, reason })
    } else {
      const { text, kid, expires_at: exp = 0, renew } = wanted
      expect(verdict).toEqual({ ok: true, text, kid, expiresAt: new Date(exp * 1_000), renew })
    }
  })
})
