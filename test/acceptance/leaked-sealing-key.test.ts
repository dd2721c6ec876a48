import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import ours from '../../package.json' with { type: 'json' }
import { bearerText } from '../../src/domain/bearer-text.ts'
import { newSession } from '../../src/flows/dashboard/session.ts'
import { newToken } from '../../src/flows/tokens/make-token.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { createSealingKey, openBytes } from '../../src/sealing/envelope.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { createWitness } from '../../src/sealing/witness.ts'
import { insertToken } from '../../src/store/api-tokens.ts'
import { insertSession } from '../../src/store/sessions.ts'
import { clientOf } from '../api/support/client.ts'
import { tokenOf } from '../api/support/token.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { HOUR, SEALING_KEY, testEnvironment } from '../support/harness.ts'

const LIMIT_MS = 60_000
const K1 = Buffer.from(SEALING_KEY.slice(3), 'base64')
const K2 = seededBytes('the new sealing key')(32)
const BYTES: Record<string, Buffer> = { k1: K1, k2: K2 }

type Started = Awaited<ReturnType<typeof startWithAddon>>

/** The settings and commands of the numbered steps, in their order. */
function stepsOfThePage(): string[] {
  const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8')
  const section = page.split(/^## /m).find((part) => part.startsWith('If a sealing key has leaked'))
  const steps = section?.slice(section.indexOf('\n1. '), section.indexOf('\nA refresh token')) ?? ''
  return [...steps.matchAll(/`(SEALING_KEYS=[^`]+|npm run[^`]+)`/g)].map(([, step = '']) => step)
}

/** `k2:…,k1:…` with the bytes in their place, as the environment has it. */
function withBytes(list: string): string {
  return list.replace(/(k[12]):…/g, (_, id: string) => `${id}:${BYTES[id]?.toString('base64')}`)
}

/** The processes of the service are restarted with these keys. */
function restart(h: Started, list: string): string {
  const sealingKeys = [...list.matchAll(/(k[12]):…/g)].map(([, id = '']) => {
    return { id, bytes: Uint8Array.from(BYTES[id] ?? []) }
  })
  const keks = sealingKeys.map(({ id, bytes }) => createLocalKek(id, bytes))
  Object.assign(h.deps, {
    sealing: createSealing(keks, seededBytes(`after ${list}`)),
    macs: createMacs(keks),
    witness: createWitness(sealingKeys),
  })
  return withBytes(list)
}

/** Runs `npm run -s <script> -- <arguments>` as package.json has it. */
async function run(command: string, env: Record<string, string>): Promise<string> {
  const [, script = '', rest = ''] = /^npm run -s (\S+) -- (.*)$/.exec(command) ?? []
  const [node, file = ''] = (ours.scripts as Record<string, string>)[script]?.split(' ') ?? []
  expect(node).toBe('node')
  const args = [file, ...rest.split(' ')]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...env },
    timeout: LIMIT_MS,
  })
  return stdout
}

async function copyOf(h: Started) {
  const resource = await h.deps.db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
  const keys = await h.deps.db.selectFrom('sealed_keys').selectAll().execute()
  const tokens = await h.deps.db.selectFrom('oauth_tokens').selectAll().executeTakeFirstOrThrow()
  return { resource, keys, tokens }
}

/** The data key of a copy, as somebody opens it who has the old sealing key. */
function stolenDataKey(h: Started, wrapped: Buffer | null) {
  const kek = createSealingKey(Uint8Array.from(K1))
  const place = { resourceId: h.addon.id, column: 'wrapped_dek' }
  return createSealingKey(openBytes(kek, place, wrapped ?? Buffer.alloc(0)))
}

/** A session row by somebody who can write the database and has the leaked key. Returns the id of the session. */
async function forgeSession(h: Started): Promise<string> {
  const sessionId = 'f'.repeat(43)
  const now = h.deps.now()
  const facts = {
    userId: 'eve',
    email: 'eve@example.com',
    verified: true,
    madeFor: 'browser' as const,
    signOnDigest: Buffer.alloc(32),
  }
  const times = { createdAt: now, endsAt: new Date(now.getTime() + HOUR) }
  const thief = { macs: createMacs([createLocalKek('k1', Uint8Array.from(K1))]) }
  const session = await newSession(thief, sessionId, { resourceId: h.addon.id, ...facts, ...times })
  await insertSession(h.deps.db, session)
  return sessionId
}

/** A token row by the same. Returns its text. */
async function forgeToken(h: Started): Promise<string> {
  const text = bearerText('api', new Uint8Array(8).fill(9), new Uint8Array(32))
  const times = { createdAt: h.deps.now(), expiresAt: new Date(h.deps.now().getTime() + 24 * HOUR) }
  const thief = { macs: createMacs([createLocalKek('k1', Uint8Array.from(K1))]) }
  const facts = { resourceId: h.addon.id, name: 'eve', userId: null, email: null, ...times }
  await insertToken(h.deps.db, await newToken(thief, text, { ...facts, scopes: ['keyring'] }))
  return text
}

function createBrowserWith(h: Started, sessionId: string) {
  const browser = createBrowser(h)
  browser.cookies.set(`securekey-${h.addon.id}`, sessionId)
  return browser
}

test('after the steps of SECURITY.md a leaked sealing key and all data keys that it opened open nothing', async () => {
  const h = await startWithAddon()
  const leaked = keysOn(h)
  const before = await copyOf(h)
  const dataKey = stolenDataKey(h, before.resource.wrapped_dek)
  const browser = await signedIn(h, { addon: h.addon.name })
  // Until the steps are done, such a session is as good as any.
  expect((await createBrowserWith(h, await forgeSession(h)).get(browser.base)).status).toBe(200)
  await h.deps.db.deleteFrom('sessions').where('user_id', '=', 'eve').execute()

  const tokens = [(await tokenOf(h, ['read'])).text, await forgeToken(h)]
  const client = (await clientOf(h)).text
  const outcomes = async () =>
    await Promise.all(
      [...tokens, client].map(async (text) => {
        return (await useToken(h.deps, text, text === client ? 'client' : 'api')).outcome
      }),
    )
  expect(await outcomes()).toEqual(['active', 'active', 'active'])

  const steps = stepsOfThePage()
  expect(steps).toHaveLength(5)
  let sealingKeys = ''
  for (const step of steps) {
    if (step.startsWith('SEALING_KEYS=')) {
      sealingKeys = restart(h, step.slice('SEALING_KEYS='.length))
      continue
    }
    h.clock.advance(HOUR / 60)
    // The clock of this test stands in another month than that of the command.
    const now = `${h.clock.now().toISOString().slice(0, 19)}Z`
    const env = { ...testEnvironment(h.databaseUrl, h.heroku.url), SEALING_KEYS: sealingKeys }
    const said = await run(step.replace('<now>', now), env)
    if (step.includes('rewrap')) expect(said).toContain('none is left with an older one')
    else expect(said).toContain('1 add-ons revoked')
  }
  await h.worker1.tick()

  // The very keys are worthless.
  const present = keysOn(h)
  expect([present.first, present.second]).not.toContain(leaked.first)
  expect([present.first, present.second]).not.toContain(leaked.second)
  // Nothing that is stored now opens by what was stolen.
  const after = await copyOf(h)
  expect(() => stolenDataKey(h, after.resource.wrapped_dek)).toThrow()
  const place = { resourceId: h.addon.id, column: 'sealed' }
  for (const { version, sealed } of after.keys) {
    expect(() => openBytes(dataKey, { ...place, version }, sealed)).toThrow()
  }
  const tokenPlace = { resourceId: h.addon.id, column: 'sealed_access_token' }
  expect(openBytes(dataKey, tokenPlace, before.tokens.sealed_access_token)).toBeTruthy()
  expect(() => openBytes(dataKey, tokenPlace, after.tokens.sealed_access_token)).toThrow()
  // No token and no client is left, whoever made it.
  expect(await h.deps.db.selectFrom('api_tokens').select('id').execute()).toEqual([])
  await forgeToken(h)
  expect(await outcomes()).toEqual(['none', 'none', 'none'])
  // Sessions that the leaked key made have ended, and whoever has it makes no other.
  expect((await browser.get(browser.base)).status).toBe(403)
  expect((await createBrowserWith(h, await forgeSession(h)).get(browser.base)).status).toBe(403)
})
