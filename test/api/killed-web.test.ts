import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { type Death, mortalProcess } from '../engine/support/mortal-process.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { worthDying } from '../engine/support/worth-dying.ts'
import { collector, type Harness, PASSWORD, SSO_SALT, startHarness } from '../support/harness.ts'
import { kindsOf, stateOf } from '../support/resource.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { tokenOf } from './support/token.ts'

type Change = {
  path: string
  method?: 'PUT' | 'DELETE'
  body: (addon: { name: string }) => object
  key?: string
  first?: Change
  /** Only a person may ask for it. */
  person?: true
}
type Addon = { id: string; name: string; app: string }

const PAUSE: Change = { path: '/pause', body: () => ({ reason: 'x' }) }
const CHANGES: Record<string, Change> = {
  'a rotation': { path: '/rotations', body: () => ({}), key: 'a' },
  'a revoke': { path: '/revocations', body: ({ name }) => ({ confirm: name }), key: 'a' },
  'a pause': PAUSE,
  'the end of a pause': { path: '/resume', body: () => ({}), first: PAUSE },
  'the next key': { path: '/next', method: 'PUT', body: () => ({ announced: true }) },
  'the end of all tokens': { path: '/tokens', method: 'DELETE', body: () => ({}), person: true },
  'the end of other sessions': { path: '/sessions', method: 'DELETE', body: () => ({}), person: true },
  'the switch of the hand-over': {
    path: '/hand-over',
    method: 'PUT',
    body: () => ({ enabled: true }),
    person: true,
  },
  'a grace period': { path: '/grace', method: 'PUT', body: () => ({ grace_period: '48h' }) },
}

/** A web process with these dependencies, asked once. */
async function ask(deps: Deps, addon: Addon, token: string, change: Change) {
  const readiness = { troubles: async () => [], mayProvision: async () => true }
  const app = await createApp(deps, {
    credentials: { username: 'securekey', password: PASSWORD },
    dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
    logger: createLogger({ level: 'error', process: 'test' }, collector([])),
    readiness,
  })
  const answer = await app.inject({
    method: change.method ?? 'POST',
    url: `/v1${change.path}`,
    headers: { authorization: `Bearer ${token}`, ...(change.key && { 'idempotency-key': change.key }) },
    payload: change.body(addon),
  })
  await app.close()
  expect(answer.statusCode).toBeLessThan(300)
  return answer.json()
}

let apps = 0
async function newAddon(h: Harness): Promise<Addon> {
  apps += 1
  const app = `service-${apps}`
  await h.heroku.customer.createApp(app)
  const addon = await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
  await expect.poll(() => kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
  return { id: addon.id, name: addon.name, app }
}

/** What the change has left of an add-on, whoever it is. */
async function leftOf(h: Harness, { id }: Addon) {
  const { keyset, rotation, pause, nextRotationAt, lastVersion } = await stateOf(h.deps, id)
  const under = rotation && {
    reason: rotation.reason,
    openedAt: rotation.openedAt,
    by: rotation.openedBy.type,
  }
  return { keyset, rotation: under, pause, nextRotationAt, lastVersion, kinds: await kindsOf(h.deps, id) }
}

/** Makes the change in a process that dies, asks again when no answer came, and looks at what is there. */
async function play(h: Harness, change: Change, death?: Death) {
  const addon = await newAddon(h)
  const token = await tokenOf({ deps: h.deps, addon }, ['rotate', 'revoke'])
  const signOn = async (userId: string) => (await signedOnByCommandLine({ ...h, addon }, { userId })).token
  if (change.person) await signOn('bob')
  const text = change.person ? await signOn('ann') : token.text
  if (change.first) await ask(h.deps, addon, text, change.first)
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  let answer: unknown
  const lived = await mortal.live(async (deps) => {
    answer = await ask(deps, addon, text, change)
  })
  await mortal.end()
  // Workers go on meanwhile: what was asked for may be done before it is asked for again.
  await tickOf(h.deps)
  if (!lived) answer = await ask(h.deps, addon, text, change)
  await tickOf(h.deps)
  const left = await leftOf(h, addon)
  await h.heroku.customer.destroyApp(addon.app)
  return { points: mortal.points, lived, left, answer }
}

test.each(Object.entries(CHANGES))(
  '%s by the API whose web process is killed anywhere is made once when it is asked for again',
  async (_name, change) => {
    const h = await startHarness()
    const reference = await play(h, change)
    const deaths = worthDying(reference.points)
    expect(deaths.length).toBeGreaterThan(1)
    for (const death of deaths) {
      const story = await play(h, change, death)
      const at = `killed ${death.name} #${death.nth}`
      expect.soft(story.lived, at).toBe(false)
      expect.soft(story.left, at).toEqual(reference.left)
    }
  },
)
