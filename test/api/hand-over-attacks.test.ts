import { generateKeyPairSync, hash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { endClients } from '../../src/flows/hand-over/clients.ts'
import { switchHandOver } from '../../src/flows/hand-over/switch-hand-over.ts'
import { keysOn } from '../support/addon.ts'
import { DAY } from '../support/harness.ts'
import { kindsOf, stateOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import {
  ask,
  clientOf,
  handedOverTo,
  kidOf,
  type Sent,
  send,
  signedRequest,
  textOf,
} from './support/client.ts'
import { ANN, tokenOf } from './support/token.ts'

const rotate = async (h: ApiHarness) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}
const about = (h: ApiHarness) => ({ resourceId: h.addon.id, actor: ANN })

/** An add-on that has rotated twice, so that each place of its keyset has had a key. */
async function startRotated(options: Parameters<typeof startApi>[0] = {}) {
  const h = await startApi(options)
  const { text: secret, id } = await handedOverTo(h)
  const { first: oldest, second: filler } = keysOn(h)
  await rotate(h)
  await rotate(h)
  const { first: latest, second: previous } = keysOn(h)
  return { ...h, secret, id, oldest, filler, latest, previous }
}
type Rotated = Awaited<ReturnType<typeof startRotated>>

/** One for all that is only refused; the first test that needs it starts it. */
const ends: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of ends) await end()
})
let started: Promise<Rotated> | undefined
function sharedOne(): Promise<Rotated> {
  started ??= startRotated({ whenFinished: (end) => ends.push(end) })
  return started
}

const REFUSAL =
  '401 {"type":"urn:securekey:problem:not-authenticated","title":"The request proves nothing","status":401}'
const said = ({ status, text }: { status: number; text: string }) => `${status} ${text}`

const without = (name: string) => (sent: Sent) => ({
  ...sent,
  lines: sent.lines.filter(([each]) => each !== name),
})
const twice = (name: string) => (sent: Sent) => ({
  ...sent,
  lines: [...sent.lines, ...sent.lines.filter(([each]) => each === name)],
})
const changed = (name: string, to: (value: string) => string) => (sent: Sent) => ({
  ...sent,
  lines: sent.lines.map(([each, value]): [string, string] => [each, each === name ? to(value) : value]),
})
const COVERED = ['@method', '@authority', '@path', 'authorization', 'content-type', 'content-digest']
const swapped = (sent: Sent): Sent => {
  const epk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  return { ...sent, body: JSON.stringify({ epk }) }
}

/** What is wrong: the key by which somebody signs, his secret, or the request. */
type Wrong = (h: Rotated) => Promise<Partial<Parameters<typeof ask>[1]>>
const REFUSED: Record<string, Wrong> = {
  'no secret': async () => ({ change: without('authorization') }),
  'a wrong secret': async (h) => ({ secret: h.secret.replace(/.$/, 'x') }),
  'the secret of a client that has ended': async (h) => {
    const { text, id } = await clientOf(h)
    await endClients(h.deps, { ...about(h), id })
    return { secret: text }
  },
  'an API token for a secret': async (h) => ({ secret: (await tokenOf(h, ['keyring'])).text }),
  'a client of another add-on': async (h) => {
    const { id: resourceId } = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
    return { secret: (await handedOverTo(h, { resourceId })).text }
  },
  'a key of nobody': async () => ({ key: 'A'.repeat(64) }),
  'a key of nobody under the kid of a right one': async (h) => ({
    key: 'A'.repeat(64),
    kid: kidOf(h.previous),
  }),
  'the latest key under the kid of the previous': async (h) => ({ key: h.latest, kid: kidOf(h.previous) }),
  'a key that was displaced early, two rotations old': async (h) => ({ key: h.oldest }),
  'a signature of another length': async () => ({ change: changed('signature', () => 'securekey=:AAAA:') }),
  'another host': async () => ({ authority: 'evil.example' }),
  'another path': async () => ({ path: '/v1/keyring' }),
  'a query': async () => ({ change: (sent) => ({ ...sent, path: `${sent.path}?a` }) }),
  'a signature over another time': async () => ({
    change: changed('signature-input', (value) => value.replace('created=1', 'created=2')),
  }),
  'a swapped ephemeral key': async () => ({ change: swapped }),
  'a swapped ephemeral key with its own digest': async () => ({
    change: (sent) => {
      const other = swapped(sent)
      const digest = `sha-256=:${hash('sha256', other.body, 'base64')}:`
      return changed('content-digest', () => digest)(other)
    },
  }),
  'a digest of another kind': async () => ({
    change: changed('content-digest', (value) => value.replace('sha-256', 'sha-512')),
  }),
  'a secret that another client signed for': async (h) => {
    const { text } = await clientOf(h)
    return { change: changed('authorization', () => `Bearer ${text}`) }
  },
  ...Object.fromEntries(
    COVERED.map((name): [string, Wrong] => [
      `a signature that does not cover ${name}`,
      async () => ({ covered: COVERED.filter((each) => each !== name) }),
    ]),
  ),
  ...Object.fromEntries(
    ['signature', 'signature-input', 'content-digest'].flatMap((name): [string, Wrong][] => [
      [`no ${name}`, async () => ({ change: without(name) })],
      [`${name} twice`, async () => ({ change: twice(name) })],
      [`an empty ${name}`, async () => ({ change: changed(name, () => '') })],
      [`a huge ${name}`, async () => ({ change: changed(name, (value) => `${value}${' '.repeat(3_000)}x`) })],
    ]),
  ),
  'authorization twice': async () => ({ change: twice('authorization') }),
  'authorization twice, and signed so': async (h) => {
    const { text } = await clientOf(h)
    const lines: [string, string][] = [1, 2].map(() => ['authorization', `Bearer ${text}`])
    return {
      secret: `${text}, Bearer ${text}`,
      change: (sent) => ({ ...sent, lines: [...lines, ...without('authorization')(sent).lines] }),
    }
  },
  'content-type twice': async () => ({ change: twice('content-type') }),
}

describe('one answer is given for', () => {
  test.each(Object.entries(REFUSED))('%s', async (_what, wrong) => {
    const shared = await sharedOne()
    const more = await wrong(shared)
    // Each by a client of its own, so that no limit refuses it first.
    const secret = more.secret ?? (await clientOf(shared)).text
    const answer = await ask(shared, { key: shared.previous, ...more, secret })
    expect(said(answer)).toBe(REFUSAL)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="securekey"')
  })

  test('a filler, a key that is pending, the next one, and a revoked one', async () => {
    const h = await startApi()
    const { text: secret } = await handedOverTo(h)
    const { first, second: filler } = keysOn(h)
    const refused = async (key: string) => said(await ask(h, { key, secret }))
    expect(await refused(filler)).toBe(REFUSAL)
    await announceNext(h.deps, { ...about(h), on: true })
    await h.worker1.tick()
    const { keyset } = await stateOf(h.deps, h.addon.id)
    expect(await refused(await textOf(h, keyset.next?.version ?? 0))).toBe(REFUSAL)
    await announceNext(h.deps, { ...about(h), on: false })
    await h.worker1.tick()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    await rotate(h)
    const { pending } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(await refused(await textOf(h, pending ?? 0))).toBe(REFUSAL)
    await revokeKeys(h.deps, about(h))
    expect(await refused(first)).toBe(REFUSAL)
    h.clock.advance(DAY)
    await h.worker1.tick()
    expect(await refused(first)).toBe(REFUSAL)
    // Who was given a new one is told that the revoke has switched it off.
    expect((await ask(h, { key: keysOn(h).first, secret })).problem).toBe('hand-over-off')
  })

  test('whatever is wrong before the signature is right, also with a wrong clock or while it is off', async () => {
    const shared = await sharedOne()
    const { text: secret } = await clientOf(shared)
    expect(
      said(await ask(shared, { key: 'A'.repeat(64), kid: kidOf(shared.latest), secret, created: 1 })),
    ).toBe(REFUSAL)
    await switchHandOver(shared.deps, { ...about(shared), on: false })
    expect(said(await ask(shared, { key: 'A'.repeat(64), kid: kidOf(shared.latest), secret }))).toBe(REFUSAL)
    expect((await ask(shared, { key: shared.previous, secret })).problem).toBe('hand-over-off')
    await switchHandOver(shared.deps, { ...about(shared), on: true })
  })
})

describe('a right signature', () => {
  test('is told by how much its clock is wrong, and is taken within a minute of ours', async () => {
    const shared = await sharedOne()
    const { text: secret } = await clientOf(shared)
    const now = Math.floor(shared.clock.now().getTime() / 1_000)
    const problems = async (seconds: number, expires?: number) => {
      const at = { created: now + seconds, ...(expires !== undefined && { expires: now + expires }) }
      return (await ask(shared, { key: shared.previous, secret, ...at })).problem
    }
    expect(await problems(-61)).toBe('clock')
    expect(await problems(61)).toBe('clock')
    expect(await problems(0, 0)).toBe('clock')
    for (const [seconds, expires] of [[-60], [60], [0, 1]] as const) {
      expect(await problems(seconds, expires)).toBe('')
    }
    const { body } = await ask(shared, { key: shared.previous, secret, created: now - 3_600 })
    expect(body.server_time).toBe(shared.clock.now().toISOString())
  })

  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a list', ['x']],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
    ['an RSA key', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })],
    ['a signing key', generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })],
    [
      'the private part',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    ],
    [
      'the private part of the other curve',
      generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' }),
    ],
    ['another member', { ...generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), kid: 'x' }],
    ['a point beside the curve', { kty: 'EC', crv: 'P-256', x: b64(1), y: b64(1) }],
    ['the point at infinity', { kty: 'EC', crv: 'P-256', x: b64(0), y: b64(0) }],
    ['a short coordinate', { kty: 'OKP', crv: 'X25519', x: b64(9).slice(0, 42) }],
    ['a coordinate written in another way', { kty: 'OKP', crv: 'X25519', x: `${b64(9).slice(0, 42)}l` }],
    ['the point zero', { kty: 'OKP', crv: 'X25519', x: b64(0) }],
    [
      'a point of order eight',
      { kty: 'OKP', crv: 'X25519', x: '4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA' },
    ],
  ])('with %s for its ephemeral key gets no key', async (_what, epk) => {
    const shared = await sharedOne()
    const { text: secret } = await clientOf(shared)
    const answer = await ask(shared, { key: shared.latest, secret, epk })
    expect([answer.status, answer.problem]).toEqual([422, 'unusable-epk'])
  })

  test('may cover more, and an ephemeral key beside other fields is none', async () => {
    const shared = await sharedOne()
    const { text: secret } = await clientOf(shared)
    const more = await ask(shared, {
      key: shared.previous,
      secret,
      covered: ['content-type', ...COVERED.filter((name) => name !== 'content-type')],
    })
    expect(more.status).toBe(200)
    const now = Math.floor(shared.clock.now().getTime() / 1_000)
    const request = signedRequest({ key: shared.previous, secret, created: now, epk: undefined })
    expect(request.body).toBe('{}')
    expect(
      (await send(shared, { path: '/v1/hand-over', lines: Object.entries(request.headers), body: '{}' }))
        .status,
    ).toBe(422)
  })
})

test('no change of any header on the way brings a key, a 5xx, or another answer than the rest', async () => {
  const h = await startRotated()
  const secrets = await Promise.all(Array.from({ length: 8 }, async () => (await clientOf(h)).text))
  const name = fc.constantFrom(
    'authorization',
    'content-type',
    'content-digest',
    'signature-input',
    'signature',
  )
  const edit = fc.oneof(
    fc.record({ at: fc.nat(300), drop: fc.integer({ min: 1, max: 40 }), put: fc.constant('') }),
    fc.record({
      at: fc.nat(300),
      drop: fc.nat(2),
      put: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }),
    }),
    fc.record({
      at: fc.constant(0),
      drop: fc.constant(0),
      put: fc.constantFrom(' ', 'x=1, ', 'securekey=1, ', ', '),
    }),
  )
  let asked = 0
  await fc.assert(
    fc.asyncProperty(name, edit, async (field, { at, drop, put }) => {
      asked += 1
      let isSame = false
      const change = changed(field, (value) => {
        const other = value.slice(0, at) + put + value.slice(at + drop)
        isSame = other.trim() === value
        return other
      })
      const secret = secrets[asked % secrets.length] ?? ''
      const { status, opened } = await ask(h, {
        key: asked % 3 === 0 ? h.latest : h.previous,
        secret,
        change,
      })
      if (isSame) return
      expect(opened).toBeUndefined()
      expect([400, 401, 415, 429]).toContain(status)
    }),
    { numRuns: 150, seed: 20260303 },
  )
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('keys-read')
})

function b64(byte: number): string {
  return Buffer.alloc(32, byte).toString('base64url')
}
