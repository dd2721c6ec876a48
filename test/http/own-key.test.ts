import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { customerKey, kmsEnvironment, policyFor, type StartedKms, startFakeKms } from '../support/fake-kms.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { callPartnerApi, provisionBody } from './support/partner-call.ts'

let started: StartedKms
let harness: Harness
const ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  started = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  harness = await startHarness({
    env: kmsEnvironment(started.url),
    whenFinished: (end) => void ends.push(end),
  })
})
beforeEach(() => {
  started.kms.faults.clear()
  started.partner.expired = false
})
afterAll(async () => {
  for (const end of ends) await end()
  await started.kms.close()
})

const bodyWith = (key: unknown, more: Record<string, unknown> = {}) =>
  provisionBody({ plan: 'private-fortnightly', options: { 'encryption-key': key }, ...more })
const post = (body: unknown) => callPartnerApi(harness.app, { method: 'POST', body })
const actions = (from: number) =>
  started.kms
    .calls()
    .slice(from)
    .map(({ action }) => action)

describe('an add-on with a key of its customer’s own', () => {
  test('is made on a private or shield plan, its data key wrapped by that key under its own context', async () => {
    for (const plan of ['private-fortnightly', 'shield-fortnightly']) {
      const { arn } = customerKey(started.kms)
      const body = bodyWith(arn, { plan })
      const answer = await post(body)
      expect(answer).toMatchObject({ status: 200, json: { config: { SECURE_KEY: expect.any(String) } } })
      expect((await findResource(harness.deps.db, body.uuid))?.dek?.kekId).toBe(arn)
      const context = { 'securekey:resource': body.uuid, 'securekey:purpose': 'dek' }
      expect(started.kms.calls().at(-1)).toMatchObject({ action: 'Decrypt', keyId: arn, context })
      const [made] = await historyOf(harness.deps, body.uuid)
      expect(made?.details).toMatchObject({ plan, encryptionKey: arn })
    }
  })

  test('is answered the same when the request is repeated, without another call to AWS', async () => {
    const body = bodyWith(customerKey(started.kms).arn)
    const first = await post(body)
    const before = started.kms.calls().length
    expect(await post(body)).toMatchObject({ status: 200, text: first.text })
    expect(actions(before)).toEqual([])
  })

  test('is made once of twelve requests at the same time', async () => {
    const body = bodyWith(customerKey(started.kms).arn)
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(body)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
  })

  test('stays on private and shield plans', async () => {
    const body = bodyWith(customerKey(started.kms).arn)
    await post(body)
    const put = (plan: string) =>
      callPartnerApi(harness.app, { method: 'PUT', path: `/${body.uuid}`, body: { plan } })
    expect(await put('weekly')).toMatchObject({
      status: 422,
      json: { message: expect.stringContaining('needs a private or shield plan') },
    })
    expect((await put('shield-fortnightly')).status).toBe(200)
  })

  test('is removed whatever has become of the key, and without a call to AWS', async () => {
    const key = customerKey(started.kms)
    const body = bodyWith(key.arn)
    await post(body)
    key.state = 'Disabled'
    started.kms.faults.add({ kind: 'hang', times: 100 })
    const before = started.kms.calls().length
    const gone = await callPartnerApi(harness.app, { method: 'DELETE', path: `/${body.uuid}` })
    expect(gone.status).toBe(204)
    expect(actions(before)).toEqual([])
    expect((await findResource(harness.deps.db, body.uuid))?.dek).toBeNull()
  })
})

describe('an encryption key is refused with 422, in words that say what to do, and nothing is stored', () => {
  const refusals: [string, (arn: string) => void, string][] = [
    [
      'no right to describe it',
      (arn) => rights(arn, []),
      'must give the AWS account 222222222222 the right kms:DescribeKey',
    ],
    [
      'no right to make data keys',
      (arn) => rights(arn, ['kms:DescribeKey']),
      'the right kms:GenerateDataKey',
    ],
    [
      'no right to open them',
      (arn) => rights(arn, ['kms:DescribeKey', 'kms:GenerateDataKey']),
      'the right kms:Decrypt',
    ],
    ['a disabled key', (arn) => void Object.assign(keyOf(arn), { state: 'Disabled' }), 'says Disabled'],
    [
      'a key that is to be deleted',
      (arn) => void Object.assign(keyOf(arn), { state: 'PendingDeletion' }),
      'PendingDeletion',
    ],
    [
      'a key that AWS manages',
      (arn) => void Object.assign(keyOf(arn), { manager: 'AWS' }),
      'make one of your own',
    ],
    [
      'a key to sign with',
      (arn) => void Object.assign(keyOf(arn), { spec: 'RSA_2048', usage: 'SIGN_VERIFY' }),
      'a symmetric key',
    ],
    [
      'throttling',
      () => started.kms.faults.add({ kind: 'throttle', times: 9 }),
      'cannot be reached just now',
    ],
    [
      '5xx',
      () => started.kms.faults.add({ kind: 'status', status: 503, times: 9 }),
      'cannot be reached just now',
    ],
    ['our own credentials', () => void Object.assign(started.partner, { expired: true }), 'for us to mend'],
    [
      'a data key that does not open again',
      () =>
        started.kms.faults.add({ kind: 'exception', action: 'Decrypt', type: 'InvalidCiphertextException' }),
      'kms:Decrypt does not work',
    ],
  ]
  const keyOf = (arn: string) => started.kms.key(arn) ?? {}
  const rights = (arn: string, list: string[]) => void Object.assign(keyOf(arn), { policy: policyFor(list) })

  test.each(refusals)('%s', async (_name, spoil, words) => {
    const { arn } = customerKey(started.kms)
    spoil(arn)
    const body = bodyWith(arn)
    const { status, json } = await post(body)
    expect({ status, json }).toMatchObject({ status: 422, json: { id: 'invalid-option' } })
    expect(json.message).toContain('The option --encryption-key ')
    expect(json.message).toContain(words)
    expect(await findResource(harness.deps.db, body.uuid)).toBeUndefined()
  })

  test('what AWS said stands in the log, in the one line of the request that was refused', async () => {
    const { arn } = customerKey(started.kms)
    rights(arn, [])
    const before = harness.logLines.length
    await post(bodyWith(arn))
    const lines = harness.logLines.slice(before).filter((line) => line.includes('refused'))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'request refused', detail: expect.stringContaining('kms:DescribeKey refused: ') },
    ])
  })

  test.each([
    ['a bare flag', 'true', 'needs the ARN'],
    ['an empty value', '', 'needs the ARN'],
    ['an alias', 'arn:aws:kms:us-east-1:111111111111:alias/mine', 'no alias'],
    [
      'another region than that of the add-on',
      'arn:aws:kms:eu-west-1:111111111111:key/mrk-00000000000000000000000000000000',
      'region of the add-on',
    ],
    ['another host', 'arn:aws:kms:us-east-1.evil.example:111111111111:key/x', 'the full ARN'],
  ])('%s, without a call to AWS', async (_name, key, words) => {
    const before = started.kms.calls().length
    const { status, json } = await post(bodyWith(key))
    expect({ status, message: json.message }).toEqual({
      status: 422,
      message: expect.stringContaining(words),
    })
    expect(actions(before)).toEqual([])
  })

  test('a plan that is for no space, without a call to AWS', async () => {
    const before = started.kms.calls().length
    const { status, json } = await post(bodyWith(customerKey(started.kms).arn, { plan: 'fortnightly' }))
    expect(status).toBe(422)
    expect(json.message).toBe(
      'The option --encryption-key is for private and shield plans: choose one of private-fortnightly, shield-fortnightly.',
    )
    expect(actions(before)).toEqual([])
  })

  test('an emulator of AWS that does not know DescribeKey is asked for a data key all the same', async () => {
    const { arn } = customerKey(started.kms)
    started.kms.faults.add({ kind: 'exception', action: 'DescribeKey', type: 'UnknownOperationException' })
    expect((await post(bodyWith(arn))).status).toBe(200)
  })
})

test('an add-on on a private plan needs no key of its own', async () => {
  expect((await post(provisionBody({ plan: 'private-fortnightly' }))).status).toBe(200)
})
