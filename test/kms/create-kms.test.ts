import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CALL_LIMIT_MS } from '../../src/aws/regional-clients.ts'
import { createKms, type Kms } from '../../src/kms/create-kms.ts'
import {
  CUSTOMER_ACCOUNT,
  customerKey,
  partnerAccess,
  policyFor,
  REGION,
  type StartedKms,
  startFakeKms,
} from '../support/fake-kms.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const OTHER = 'fedcba98-7654-3210-fedc-ba9876543210'
const GONE = `arn:aws:kms:us-east-1:${CUSTOMER_ACCOUNT}:key/00000000-0000-0000-0000-000000000000`

let started: StartedKms
let adapter: Kms
const adapters: Kms[] = []

beforeAll(async () => {
  started = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  adapter = adapterWith({})
})
beforeEach(() => {
  started.kms.faults.clear()
  started.partner.expired = false
})
afterAll(async () => {
  for (const each of adapters) each.close()
  await started.kms.close()
})

function adapterWith(other: Partial<Parameters<typeof createKms>[0]>): Kms {
  const made = createKms({ ...partnerAccess(started.url), ...other })
  adapters.push(made)
  return made
}

/** How each of the three calls fails on a key. */
async function failuresOn(arn: string, wrapped: Buffer, by = adapter) {
  const results = [
    await by.describe(arn),
    await by.makeDataKey(arn, RESOURCE),
    await by.openDataKey(arn, RESOURCE, wrapped),
  ]
  return results.map((result) => (result.ok ? 'ok' : result.failure.kind))
}

async function wrappedBy(arn: string) {
  const made = await adapter.makeDataKey(arn, RESOURCE)
  if (!made.ok) throw new Error('no data key was made')
  return { wrapped: made.value.wrapped, bytes: Buffer.from(made.value.bytes) }
}

test('a data key that KMS made opens again, under the context of its resource alone', async () => {
  const { arn } = customerKey(started.kms)
  const { wrapped, bytes } = await wrappedBy(arn)
  expect(bytes).toHaveLength(32)
  expect(await adapter.openDataKey(arn, RESOURCE, wrapped)).toEqual({ ok: true, value: bytes })
  expect(await adapter.openDataKey(arn, OTHER, wrapped)).toMatchObject({ failure: { kind: 'wrong' } })
  expect(started.kms.calls().at(-2)).toMatchObject({
    keyId: arn,
    context: { 'securekey:resource': RESOURCE, 'securekey:purpose': 'dek' },
  })
})

test('a key is described in the words of AWS', async () => {
  const { arn } = customerKey(started.kms)
  expect(await adapter.describe(arn)).toEqual({
    ok: true,
    value: { manager: 'CUSTOMER', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', state: 'Enabled' },
  })
})

describe('a failure is told by whose it is', () => {
  test('a disabled key, one in any other state and one whose store is away are withdrawn', async () => {
    const key = customerKey(started.kms)
    const { wrapped } = await wrappedBy(key.arn)
    for (const state of ['Disabled', 'PendingDeletion', 'PendingImport', 'Unavailable'] as const) {
      key.state = state
      expect(await failuresOn(key.arn, wrapped)).toEqual(['ok', 'withdrawn', 'withdrawn'])
    }
    key.state = 'Enabled'
    started.kms.faults.add({ kind: 'exception', type: 'KeyUnavailableException', times: 3 })
    expect(await adapter.openDataKey(key.arn, RESOURCE, wrapped)).toMatchObject({
      failure: { kind: 'withdrawn' },
    })
  })

  test('a right that is missing is refused, and named; so is a key that is gone', async () => {
    const key = customerKey(started.kms)
    const { wrapped } = await wrappedBy(key.arn)
    key.policy = policyFor(['kms:DescribeKey'])
    expect(await failuresOn(key.arn, wrapped)).toEqual(['ok', 'refused', 'refused'])
    const failure = { kind: 'refused', right: 'kms:Decrypt', detail: 'AccessDeniedException (status 400)' }
    expect(await adapter.openDataKey(key.arn, RESOURCE, wrapped)).toEqual({ ok: false, failure })
    expect(await failuresOn(GONE, wrapped)).toEqual(['refused', 'refused', 'refused'])
  })

  test('credentials that AWS does not take are ours', async () => {
    const { arn } = customerKey(started.kms)
    const { wrapped } = await wrappedBy(arn)
    const ours = ['credentials', 'credentials', 'credentials']
    expect(await failuresOn(arn, wrapped, adapterWith({ secretAccessKey: 'wrong' }))).toEqual(ours)
    expect(await failuresOn(arn, wrapped, adapterWith({ accessKeyId: 'AKIANOBODY' }))).toEqual(ours)
    started.partner.expired = true
    expect(await failuresOn(arn, wrapped)).toEqual(ours)
  })

  test('what says nothing of the key is an outage: throttling, 5xx, a cut, no answer, nobody there', async () => {
    const { arn } = customerKey(started.kms)
    const { wrapped } = await wrappedBy(arn)
    const { faults } = started.kms
    const kindOf = async (by = adapter) => (await failuresOn(arn, wrapped, by))[2]
    const quick = adapterWith({ callLimitMs: 100 })
    for (const kind of ['throttle', 'cut', 'hang'] as const) {
      faults.add({ kind, action: 'Decrypt', times: 3 })
      expect(await kindOf(kind === 'hang' ? quick : adapter)).toBe('outage')
      faults.clear()
    }
    faults.add({ kind: 'status', status: 503, action: 'Decrypt', times: 3 })
    expect(await kindOf()).toBe('outage')
    faults.add({ kind: 'exception', type: 'DependencyTimeoutException', action: 'Decrypt', times: 3 })
    expect(await kindOf()).toBe('outage')
    expect(await failuresOn(arn, wrapped, adapterWith({ endpointUrl: 'http://127.0.0.1:1' }))).toEqual([
      'outage',
      'outage',
      'outage',
    ])
  })

  test('one throttled call, and one that is cut, are made again', async () => {
    const { arn } = customerKey(started.kms)
    started.kms.faults.add({ kind: 'throttle' })
    started.kms.faults.add({ kind: 'cut' })
    expect(await adapter.describe(arn)).toMatchObject({ ok: true })
  })

  test('an altered data key is wrong, and never asked for twice', async () => {
    const { arn } = customerKey(started.kms)
    const { wrapped } = await wrappedBy(arn)
    wrapped[wrapped.length - 1] = (wrapped.at(-1) ?? 0) ^ 1
    const before = started.kms.calls().length
    expect(await adapter.openDataKey(arn, RESOURCE, wrapped)).toMatchObject({ failure: { kind: 'wrong' } })
    expect(started.kms.calls().length).toBe(before + 1)
  })

  test('an action that the other side does not know is unsupported', async () => {
    const { arn } = customerKey(started.kms)
    started.kms.faults.add({ kind: 'exception', type: 'UnknownOperationException' })
    expect(await adapter.describe(arn)).toMatchObject({ failure: { kind: 'unsupported' } })
    started.kms.faults.add({ kind: 'status', status: 501, times: 3 })
    expect(await adapter.describe(arn)).toMatchObject({ failure: { kind: 'unsupported' } })
  })

  test.each([
    ['RequestTimeTooSkewed', 403, 'credentials'],
    ['RequestInTheFuture', 400, 'credentials'],
    ['InvalidSignatureException', 400, 'credentials'],
    ['SignatureDoesNotMatch', 403, 'credentials'],
    ['IncompleteSignatureException', 400, 'credentials'],
    ['UnknownOperation', 400, 'unsupported'],
    ['InternalFailure', 501, 'unsupported'],
    ['InternalFailure', 500, 'outage'],
    ['NobodyKnowsThisException', 403, 'outage'],
  ] as const)('%s with status %i is no word against a key: %s', async (type, status, kind) => {
    const { arn } = customerKey(started.kms)
    started.kms.faults.add({ kind: 'exception', type, status, times: 9 })
    expect(await adapter.describe(arn)).toMatchObject({ failure: { kind } })
  })

  test('a call that hangs ends within its limit', async () => {
    const { arn } = customerKey(started.kms, { region: REGION })
    started.kms.faults.add({ kind: 'hang', times: 3 })
    const startedAt = performance.now()
    expect(await adapterWith({ callLimitMs: 150 }).describe(arn)).toMatchObject({
      failure: { kind: 'outage' },
    })
    expect(performance.now() - startedAt).toBeLessThan(CALL_LIMIT_MS)
  })
})

describe('whoever plays AWS and tells less of a key', () => {
  test.each([
    [{ Enabled: false }, 'Disabled'],
    [{ Enabled: false, KeyState: 'Enabled' }, 'Disabled'],
    [{ Enabled: false, KeyState: 'PendingDeletion' }, 'PendingDeletion'],
    [{ Enabled: true }, 'Enabled'],
    [{ Enabled: true, KeyState: 'Disabled' }, 'Disabled'],
    [{}, 'unknown'],
  ])('%o is taken for %s: of two words the worse', async (told, state) => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      response.end(JSON.stringify({ KeyMetadata: { KeyId: 'k', ...told } }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const by = adapterWith({ endpointUrl: `http://127.0.0.1:${port}` })
    const described = await by.describe(GONE)
    server.closeAllConnections()
    server.close()
    expect(described).toMatchObject({ ok: true, value: { state, spec: 'unknown', usage: 'unknown' } })
  })
})
