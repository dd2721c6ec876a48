import { expect } from 'vitest'
import { stateVectors } from '../../../../clients/vectors/make/states.ts'
import { type Cookies, tamperedWith } from './browser-cookies.ts'
import { refusedStart, type Start, startApp, type Variables } from './running-app.ts'

const states = new Map(stateVectors().map((state) => [state.name, state]))

/** What the app of a page is to do. A page whose code renews nothing says so. */
export type Promised = { renews: boolean }

/**
 * A login before a rotation and the visits after it, with the values that the service publishes. `/login` logs user 42 in,
 * and `/visit` tells who comes, or `nobody`.
 */
export async function expectLoginLivesThroughRotations(start: Start, { renews }: Promised) {
  // Each logs in for itself: a framework may renew a session in its store for all who hold its cookie.
  const [visitor, away, late]: [Cookies, Cookies, Cookies] = [new Map(), new Map(), new Map()]
  await visits(start, 'fresh', async (get) => {
    expect(await get('/visit', new Map())).toBe('nobody')
    for (const each of [visitor, away]) await get('/login', each)
    expect(visitor.size).toBeGreaterThan(0)
    expect(await get('/visit', visitor)).toBe('42')
    expect(await get('/visit', tamperedWith(visitor))).toBe('nobody')
  })
  await visits(start, 'rotated once', async (get) => {
    expect(await get('/visit', visitor), 'the login of before a rotation').toBe('42')
    expect(await get('/visit', visitor), 'and again').toBe('42')
    await get('/login', late)
  })
  await visits(start, 'rotated twice', async (get) => {
    expect(await get('/visit', visitor), 'who came by in between').toBe(renews ? '42' : 'nobody')
    expect(await get('/visit', away), 'who was away for two rotations').toBe('nobody')
  })
  await visits(start, 'revoked', async (get) => {
    expect(await get('/visit', late), 'after a revoke').toBe('nobody')
  })
}

/** With a value that is not two keys the app ends at its start, and does not print it. */
export async function expectNoStartWithoutKeys(start: Start) {
  const { secure_key, secure_keyring } = stateNamed('rotated once')
  const [first = '', second] = secure_key.split(',')
  const tries = ['', `${first}, ${second}`].map(async (value) => {
    const { printed, code } = await refusedStart(start, { secure_key: value, secure_keyring })
    expect(code, printed).toBeGreaterThan(0)
    expect(printed).toContain('SECURE_KEY')
    expect(printed).not.toContain(first)
  })
  await Promise.all(tries)
}

/** The two variables of a state of the vectors. */
export function stateNamed(name: string): Variables & { secure_key: string } {
  const state = states.get(name)
  if (!state) throw new Error(`there is no state "${name}"`)
  return state
}

async function visits(
  start: Start,
  state: string,
  work: (get: (path: string, cookies: Cookies) => Promise<string>) => Promise<void>,
) {
  const app = await startApp(start, stateNamed(state))
  try {
    await work(app.get)
  } finally {
    await app.stop()
  }
}
