import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { endClients, readClients } from '../../src/flows/hand-over/clients.ts'
import { handOver } from '../../src/flows/hand-over/hand-over.ts'
import { switchHandOver } from '../../src/flows/hand-over/switch-hand-over.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { type Death, mortalProcess } from '../engine/support/mortal-process.ts'
import { keysOn } from '../support/addon.ts'
import { HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { ask, clientOf, handedOverTo, kidOf, type Sent, send, signedRequest } from './support/client.ts'
import { ANN } from './support/token.ts'

const rotate = async (h: ApiHarness) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}
const about = (h: ApiHarness) => ({ resourceId: h.addon.id, actor: ANN })
async function startRotated() {
  const h = await startApi()
  const { text: secret, id } = await handedOverTo(h)
  await rotate(h)
  const { first: latest, second: previous } = keysOn(h)
  return { ...h, secret, id, latest, previous }
}
type Rotated = Awaited<ReturnType<typeof startRotated>>
const handedOver = async (h: Rotated) =>
  (await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'keys-handed-over').length
const NONCE = 'a-nonce-of-22-digits-0'

describe('a request that comes twice', () => {
  test('is answered once, as long as its signature would be taken', async () => {
    const h = await startRotated()
    let sent: Sent | undefined
    const change = (each: Sent) => (sent = each)
    expect((await ask(h, { key: h.previous, secret: h.secret, change })).status).toBe(200)
    const again = async () => {
      const { status, text } = await send(h, sent ?? { path: '', lines: [], body: '' })
      return [status, JSON.parse(text).type]
    }
    expect(await again()).toEqual([401, 'urn:securekey:problem:replayed'])
    h.clock.advance(MINUTE)
    expect(await again()).toEqual([401, 'urn:securekey:problem:replayed'])
    h.clock.advance(SECOND)
    expect(await again()).toEqual([401, 'urn:securekey:problem:clock'])
    expect(await handedOver(h)).toBe(1)
  })

  test('is answered once when it was made ahead of our clock, to the last moment', async () => {
    const h = await startRotated()
    const asking = {
      key: h.previous,
      secret: h.secret,
      nonce: NONCE,
      created: h.clock.now().getTime() / SECOND + 60,
    }
    expect((await ask(h, asking)).status).toBe(200)
    h.clock.advance(2 * MINUTE)
    // Others ask meanwhile, and clear away what is no longer needed.
    await ask(h, { key: h.latest, secret: (await clientOf(h)).text })
    expect((await ask(h, asking)).problem).toBe('replayed')
    h.clock.advance(1)
    expect((await ask(h, asking)).problem).toBe('clock')
  })

  test('to two processes at once is answered by one of them', async () => {
    const h = await startRotated()
    const processes = [h.deps, await h.anotherProcess()]
    const outcomes = await Promise.all(processes.map((deps) => askOf(deps, h)))
    expect(outcomes.toSorted()).toEqual(['hand-over', 'replayed'])
    expect(await handedOver(h)).toBe(1)
  })

  test('from two clients with one nonce is two requests', async () => {
    const h = await startRotated()
    const secrets = [h.secret, (await clientOf(h)).text]
    for (const secret of secrets) {
      expect((await ask(h, { key: h.previous, secret, nonce: NONCE })).status).toBe(200)
    }
  })

  test('leaves no nonce behind that no signature can name any more', async () => {
    const h = await startRotated()
    for (let times = 0; times < 3; times += 1) await ask(h, { key: h.previous, secret: h.secret })
    h.clock.advance(3 * MINUTE)
    await ask(h, { key: h.previous, secret: h.secret })
    expect(await h.deps.db.selectFrom('used_nonces').selectAll().execute()).toHaveLength(1)
  })
})

test('an answer that was lost is asked for again with another nonce, as often as it takes', async () => {
  const h = await startRotated()
  for (let times = 0; times < 3; times += 1) {
    const { opened } = await ask(h, { key: h.previous, secret: h.secret })
    expect(opened?.keyring.secure_key).toBe(`${h.latest},${h.previous}`)
  }
  expect(await handedOver(h)).toBe(3)
})

describe('a client', () => {
  test('that holds the latest key is told so, and no key travels', async () => {
    const h = await startRotated()
    const { status, body, headers, text } = await ask(h, { key: h.latest, secret: h.secret })
    const kid = kidOf(h.latest)
    const { nextRotationAt } = await h.deps.db
      .selectFrom('keysets')
      .select('next_rotation_at as nextRotationAt')
      .executeTakeFirstOrThrow()
    expect([status, body]).toEqual([
      200,
      { status: 'already-latest', kid, next_rotation_at: nextRotationAt.toISOString() },
    ])
    expect(headers.get('etag')).toBe(`"${kid}"`)
    expect(text).not.toContain('jwe')
    const again = await ask(h, { key: h.latest, secret: h.secret }, { 'if-none-match': `"${kid}"` })
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', `"${kid}"`])
    // The tag of the latest key is of no use to whoever holds the one before.
    expect(
      (await ask(h, { key: h.previous, secret: (await clientOf(h)).text }, { 'if-none-match': `"${kid}"` }))
        .status,
    ).toBe(200)
    expect(await handedOver(h)).toBe(1)
  })

  test('that has signed with the latest key and comes back with the one before is refused, and its owner is told', async () => {
    const h = await startRotated()
    const other = (await clientOf(h, { name: 'other' })).text
    expect((await ask(h, { key: h.latest, secret: h.secret })).status).toBe(200)
    for (let times = 0; times < 3; times += 1) {
      expect(await ask(h, { key: h.previous, secret: h.secret })).toMatchObject({
        status: 403,
        problem: 'previous-key-after-latest',
      })
    }
    // Another client is another matter, and so is the client itself after the next rotation.
    expect((await ask(h, { key: h.previous, secret: other })).status).toBe(200)
    const alarms = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'client-came-back')
    expect(alarms).toMatchObject([
      {
        actor: { type: 'client', id: h.id },
        key: { fingerprint: kidOf(h.latest) },
        details: { signedWith: kidOf(h.previous) },
      },
    ])
    const { clients } = await readClients(h.deps, h.addon.id)
    expect(clients.find(({ id }) => id === h.id)?.alarmAt).toEqual(h.clock.now())
    h.clock.advance(HOUR)
    await ask(h, { key: h.previous, secret: h.secret })
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'client-came-back')).toHaveLength(2)
    expect(h.logLines.join('')).toContain('"kind":"client-came-back"')
    await rotate(h)
    expect(await ask(h, { key: h.latest, secret: h.secret })).toMatchObject({
      status: 200,
      body: { status: 'handed-over' },
    })
  })

  test('whose kid two keys share is known by its signature', async () => {
    const h = await startRotated()
    // As if the SHA-256 of both began with the same eight digits.
    await sql`alter table sealed_keys disable trigger user`.execute(h.deps.db)
    await sql`update sealed_keys set digest = substring(decode(${kidOf(h.previous)}, 'hex') || digest for 32)`.execute(
      h.deps.db,
    )
    await sql`alter table sealed_keys enable trigger user`.execute(h.deps.db)
    const kid = kidOf(h.previous)
    expect(await ask(h, { key: h.previous, kid, secret: h.secret })).toMatchObject({
      body: { status: 'handed-over' },
    })
    expect(await ask(h, { key: h.latest, kid, secret: h.secret })).toMatchObject({
      body: { status: 'already-latest' },
    })
    expect((await ask(h, { key: 'A'.repeat(64), kid, secret: h.secret })).problem).toBe('not-authenticated')
  })

  test('of an add-on that was removed is told so, for months, and whoever has no right secret is not', async () => {
    const h = await startRotated()
    await deprovision(h.deps, { resourceId: h.addon.id })
    const asking = { key: h.previous, secret: h.secret }
    expect(await ask(h, asking)).toMatchObject({ status: 410, problem: 'resource-gone' })
    expect((await ask(h, { ...asking, secret: h.secret.replace(/.$/, 'x') })).status).toBe(401)
    h.clock.advance(90 * 24 * HOUR)
    const { id } = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
    await clientOf(h, { resourceId: id })
    expect((await ask(h, asking)).status).toBe(401)
    expect(await h.deps.db.selectFrom('clients').select('id').execute()).toHaveLength(1)
  })

  test('asks 120 times a minute at the most, and 60 times by one key', async () => {
    const h = await startRotated()
    const statuses = async (times: number, key: string, secret: string) => {
      const seen: number[] = []
      for (let asked = 0; asked < times; asked += 1) seen.push((await ask(h, { key, secret })).status)
      return seen
    }
    const other = (await clientOf(h)).text
    expect((await statuses(61, h.previous, h.secret)).indexOf(429)).toBe(60)
    // A client that asks in a loop keeps no other out, whichever key both sign with.
    expect((await ask(h, { key: h.previous, secret: other })).status).toBe(200)
    // It says when to come back.
    const refused = await ask(h, { key: h.previous, secret: h.secret })
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    expect((await statuses(59, h.latest, h.secret)).at(-2)).toBe(200)
    expect((await ask(h, { key: 'A'.repeat(64), secret: h.secret })).status).toBe(429)
    expect((await ask(h, { key: 'A'.repeat(64), secret: other })).status).toBe(401)
  })

  test('is no reason to refuse others: wrong ones are counted by their address', async () => {
    const h = await startRotated()
    const from = { 'x-forwarded-for': '10.9.9.9' }
    const wrong = h.secret.replace(/.$/, 'x')
    const statuses = new Map<number, number>()
    for (let asked = 0; asked < 62; asked += 1) {
      const { status } = await ask(h, { key: h.previous, secret: wrong }, from)
      statuses.set(status, 1 + (statuses.get(status) ?? 0))
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 60, 429: 2 })
    expect((await ask(h, { key: h.previous, secret: h.secret }, from)).status).toBe(200)
  })
})

describe('what happens while its request waits for the add-on', () => {
  test.each<[string, (h: Rotated) => Promise<unknown>, number, string]>([
    ['a revoke', (h) => revokeKeys(h.deps, about(h)), 401, 'not-authenticated'],
    ['the end of the client', (h) => endClients(h.deps, about(h)), 401, 'not-authenticated'],
    ['a deprovision', (h) => deprovision(h.deps, { resourceId: h.addon.id }), 410, 'resource-gone'],
    ['the switch', (h) => switchHandOver(h.deps, { ...about(h), on: false }), 403, 'hand-over-off'],
  ])('leaves it without a key: %s', async (_what, happens, status, problem) => {
    const h = await startRotated()
    const held = await holdKeyset(h.deps.db, h.addon.id)
    const happening = happens(h)
    await untilSomeWait(h.deps.db, 1)
    const asking = ask(h, { key: h.previous, secret: h.secret })
    await untilSomeWait(h.deps.db, 2)
    held.release()
    await happening
    expect(await asking).toMatchObject({ status, problem })
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('keys-handed-over')
  })

  test('a rotation: the key that was the previous one is two rotations old', async () => {
    const h = await startRotated()
    await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
    const gate = Promise.withResolvers<void>()
    // Everything is looked at; only then the rotation ends; only then the decision falls.
    const { sealing } = h.deps
    const slow = {
      ...h.deps,
      sealing: {
        ...sealing,
        forResource: async (...args: Parameters<typeof sealing.forResource>) => {
          await gate.promise
          return await sealing.forResource(...args)
        },
      },
    }
    const asking = askOf(slow, h)
    await h.worker1.tick()
    gate.resolve()
    expect(await asking).toBe('unproved')
  })
})

test('keys are handed over only when the history can tell of it', async () => {
  const h = await startRotated()
  await sql`alter table history add constraint untold check (kind <> 'keys-handed-over')`.execute(h.deps.db)
  const { status, text } = await ask(h, { key: h.previous, secret: h.secret })
  expect([status, JSON.parse(text).type]).toEqual([500, 'urn:securekey:problem:internal'])
  await sql`alter table history drop constraint untold`.execute(h.deps.db)
})

test('a web process that is killed anywhere has told of the keys before it gave them, and they are asked for again', async () => {
  const h = await startRotated()
  const play = async (death?: Death) => {
    const before = await handedOver(h)
    const mortal = mortalProcess(h.deps, h.databaseUrl, death)
    let answered = 0
    const lived = await mortal.live(async (deps) => {
      expect(await askOf(deps, h, `nonce-${death?.name ?? 'none'}-${death?.nth ?? 0}`)).toBe('hand-over')
      answered = 1
    })
    await mortal.end()
    expect((await handedOver(h)) - before).toBeGreaterThanOrEqual(answered)
    expect(await askOf(h.deps, h, `again-${death?.name ?? 'none'}-${death?.nth ?? 0}`)).toBe('hand-over')
    return { points: mortal.points, lived }
  }
  // From where the client comes is learned once a day, so the way is the same for all that follow.
  expect(await askOf(h.deps, h, 'nonce-that-is-learned')).toBe('hand-over')
  const { points, lived } = await play()
  expect(lived).toBe(true)
  expect(points.length).toBeGreaterThan(4)
  for (const point of points) expect((await play(point)).lived, point.name).toBe(false)
})

/** The same request, whichever process it comes to. Returns what came of it. */
async function askOf(deps: Deps, h: Rotated, nonce = NONCE): Promise<string> {
  const created = Math.floor(h.clock.now().getTime() / SECOND)
  const epk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  }
  const named = nonce
    .replace(/[^\w-]/g, '-')
    .padEnd(22, '0')
    .slice(0, 64)
  const { base, headers } = signedRequest({ key: h.previous, secret: h.secret, created, epk, nonce: named })
  const mac = Buffer.from(/:(.*):/.exec(headers.signature)?.[1] ?? '', 'base64')
  const proof = { kid: kidOf(h.previous), text: base, mac, created, expires: null, nonce: named }
  const actor = { type: 'client', id: h.id, name: 'laptop', address: null } as const
  return (
    await handOver(deps, { resourceId: h.addon.id, actor, proof, epk, origin: 'http://127.0.0.1:5000' })
  ).outcome
}
