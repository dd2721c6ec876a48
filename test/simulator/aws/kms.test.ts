import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFakeKms, type FakeKms } from '../../../simulator/aws/kms/create-kms.ts'
import { KEY_STATES } from '../../../simulator/aws/kms/keys.ts'
import { defaultPolicy, type Statement } from '../../../simulator/aws/kms/policy.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { seededBytes } from '../support/seeded-bytes.ts'

const CUSTOMER = { accessKeyId: 'AKIACUSTOMER', secretAccessKey: 'customer-secret', account: '111111111111' }
const PARTNER = { accessKeyId: 'AKIAPARTNER', secretAccessKey: 'partner-secret', account: '222222222222' }
const EXPIRED = { accessKeyId: 'AKIAEXPIRED', secretAccessKey: 'old', account: '222222222222', expired: true }
const DAY_MS = 24 * 3_600_000
const clock = createFakeClock('2026-03-03T12:00:00Z')
const context = { 'securekey:resource': 'r1', 'securekey:purpose': 'dek' }

let kms: FakeKms
let url: string
let clients: KMSClient[] = []

beforeAll(async () => {
  kms = createFakeKms({
    now: clock.now,
    random: seededBytes('kms'),
    credentials: [CUSTOMER, PARTNER, EXPIRED],
  })
  url = (await kms.listen()).url
})
beforeEach(() => {
  kms.faults.clear()
})
afterAll(async () => {
  for (const client of clients) client.destroy()
  clients = []
  await kms.close()
})

function clientOf(
  { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
  region = 'us-east-1',
): KMSClient {
  const client = new KMSClient({
    endpoint: url,
    region,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  })
  clients.push(client)
  return client
}

/** The name of the exception that a call ends with. */
function nameOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: Error) => error.name,
  )
}

const grant = (...actions: string[]): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${PARTNER.account}:root` },
  Action: actions,
  Resource: '*',
})
function sharedKey(...actions: string[]) {
  const { Statement } = defaultPolicy(CUSTOMER.account)
  const policy = { Statement: [...Statement, grant(...actions)] }
  return kms.createKey({ account: CUSTOMER.account, region: 'us-east-1', policy })
}
const ALL = ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt']

describe('a fake of KMS behind the real client', () => {
  test('makes a data key for another account, and opens it again', async () => {
    const { arn } = sharedKey(...ALL)
    const partner = clientOf(PARTNER)
    const made = await partner.send(
      new GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256', EncryptionContext: context }),
    )
    expect(made.Plaintext).toHaveLength(32)
    expect(made.KeyId).toBe(arn)
    const { CiphertextBlob } = made
    const opened = await partner.send(
      new DecryptCommand({ KeyId: arn, CiphertextBlob, EncryptionContext: context }),
    )
    expect(opened.Plaintext).toEqual(made.Plaintext)
    expect(kms.calls().at(-1)).toEqual({ action: 'Decrypt', keyId: arn, context, error: undefined })
  })

  test('describes a key, in every state that it has', async () => {
    const key = sharedKey(...ALL)
    for (const state of KEY_STATES) {
      key.state = state
      const { KeyMetadata } = await clientOf(PARTNER).send(new DescribeKeyCommand({ KeyId: key.arn }))
      expect(KeyMetadata).toMatchObject({
        Arn: key.arn,
        AWSAccountId: CUSTOMER.account,
        KeyState: state,
        KeyManager: 'CUSTOMER',
        KeySpec: 'SYMMETRIC_DEFAULT',
        KeyUsage: 'ENCRYPT_DECRYPT',
        Enabled: state === 'Enabled',
      })
    }
  })

  test('uses a key in no state but Enabled', async () => {
    const key = sharedKey(...ALL)
    const partner = clientOf(PARTNER)
    const { CiphertextBlob } = await partner.send(
      new GenerateDataKeyCommand({ KeyId: key.arn, KeySpec: 'AES_256' }),
    )
    for (const state of KEY_STATES.filter((each) => each !== 'Enabled')) {
      key.state = state
      const expected = state === 'Disabled' ? 'DisabledException' : 'KMSInvalidStateException'
      const make = partner.send(new GenerateDataKeyCommand({ KeyId: key.arn, KeySpec: 'AES_256' }))
      expect(await nameOf(make)).toBe(expected)
      expect(await nameOf(partner.send(new DecryptCommand({ CiphertextBlob })))).toBe(expected)
    }
  })

  test('opens nothing under another context, another key, or after a change of one byte', async () => {
    const { arn } = sharedKey(...ALL)
    const other = sharedKey(...ALL)
    const partner = clientOf(PARTNER)
    const { CiphertextBlob = new Uint8Array() } = await partner.send(
      new GenerateDataKeyCommand({ KeyId: arn, NumberOfBytes: 32, EncryptionContext: context }),
    )
    const open = (KeyId: string, blob: Uint8Array, EncryptionContext?: Record<string, string>) =>
      nameOf(partner.send(new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionContext })))
    expect(await open(arn, CiphertextBlob)).toBe('InvalidCiphertextException')
    expect(await open(arn, CiphertextBlob, { ...context, 'securekey:resource': 'r2' })).toBe(
      'InvalidCiphertextException',
    )
    expect(await open(other.arn, CiphertextBlob, context)).toBe('IncorrectKeyException')
    const altered = Uint8Array.from(CiphertextBlob)
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
    expect(await open(arn, altered, context)).toBe('InvalidCiphertextException')
    expect(await open(arn, Buffer.from('x'), context)).toBe('InvalidCiphertextException')
    const turned = { 'securekey:purpose': 'dek', 'securekey:resource': 'r1' }
    expect(await open(arn, CiphertextBlob, turned)).toBe('none')
  })

  test('finds a bare id and an alias in the account of the caller alone, and an ARN in its own region', async () => {
    const customer = clientOf(CUSTOMER)
    const key = sharedKey(...ALL)
    const describe = (client: KMSClient, KeyId: string) =>
      nameOf(client.send(new DescribeKeyCommand({ KeyId })))
    await customer.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: key.id }))
    for (const id of [key.arn, key.id, 'alias/mine', key.arn.replace(`key/${key.id}`, 'alias/mine')]) {
      expect(await describe(customer, id)).toBe('none')
    }
    expect(await describe(clientOf(PARTNER), key.id)).toBe('NotFoundException')
    expect(await describe(clientOf(PARTNER), 'alias/mine')).toBe('NotFoundException')
    expect(await describe(clientOf(PARTNER, 'eu-west-1'), key.arn)).toBe('NotFoundException')
    expect(await describe(customer, 'arn:aws:s3:::bucket')).toBe('InvalidArnException')
    expect(await describe(customer, 'nothing')).toBe('NotFoundException')
  })

  test('lets another account do what the key policy says, and nothing else', async () => {
    const { arn } = sharedKey('kms:DescribeKey', 'kms:GenerateDataKey*')
    const partner = clientOf(PARTNER)
    expect(await nameOf(partner.send(new DescribeKeyCommand({ KeyId: arn })))).toBe('none')
    const { CiphertextBlob } = await partner.send(
      new GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256' }),
    )
    expect(await nameOf(partner.send(new DecryptCommand({ CiphertextBlob })))).toBe('AccessDeniedException')
    expect(await nameOf(partner.send(new DisableKeyCommand({ KeyId: arn })))).toBe('AccessDeniedException')
  })

  test('takes a policy that the customer puts, with a condition on the context', async () => {
    const customer = clientOf(CUSTOMER)
    const partner = clientOf(PARTNER)
    const { KeyMetadata } = await customer.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.Arn ?? ''
    const { Statement } = defaultPolicy(CUSTOMER.account)
    const Condition = { StringEquals: { 'kms:EncryptionContext:securekey:resource': 'r1' } }
    const Policy = JSON.stringify({ Statement: [...Statement, { ...grant(...ALL), Condition }] })
    await customer.send(new PutKeyPolicyCommand({ KeyId, Policy }))
    const make = (EncryptionContext: Record<string, string>) =>
      nameOf(partner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext })))
    expect(await make(context)).toBe('none')
    expect(await make({ 'securekey:resource': 'r2' })).toBe('AccessDeniedException')
    const malformed = new PutKeyPolicyCommand({ KeyId, Policy: '{"Statement":[{"Effect":"Maybe"}]}' })
    expect(await nameOf(customer.send(malformed))).toBe('MalformedPolicyDocumentException')
  })

  test('lets the customer disable, enable and delete a key, which is gone when its days are over', async () => {
    const customer = clientOf(CUSTOMER)
    const { arn: KeyId } = sharedKey(...ALL)
    const make = () =>
      nameOf(clientOf(PARTNER).send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })))
    await customer.send(new DisableKeyCommand({ KeyId }))
    expect(await make()).toBe('DisabledException')
    await customer.send(new EnableKeyCommand({ KeyId }))
    expect(await make()).toBe('none')
    await customer.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(await make()).toBe('KMSInvalidStateException')
    expect(await nameOf(customer.send(new EnableKeyCommand({ KeyId })))).toBe('KMSInvalidStateException')
    clock.advance(7 * DAY_MS)
    expect(await make()).toBe('NotFoundException')
  })

  test('opens what was made before the material was rotated', async () => {
    const customer = clientOf(CUSTOMER)
    const { arn: KeyId } = sharedKey(...ALL)
    const Plaintext = Buffer.from('before')
    const { CiphertextBlob } = await customer.send(new EncryptCommand({ KeyId, Plaintext }))
    await customer.send(new RotateKeyOnDemandCommand({ KeyId }))
    const opened = await customer.send(new DecryptCommand({ CiphertextBlob }))
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext)
  })

  test('refuses keys of another use, and data keys of no length or two', async () => {
    const customer = clientOf(CUSTOMER)
    const made = { account: CUSTOMER.account, region: 'us-east-1' } as const
    const signing = kms.createKey({ ...made, spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
    const { arn } = kms.createKey(made)
    const make = (input: ConstructorParameters<typeof GenerateDataKeyCommand>[0]) =>
      nameOf(customer.send(new GenerateDataKeyCommand(input)))
    expect(await make({ KeyId: signing.arn, KeySpec: 'AES_256' })).toBe('InvalidKeyUsageException')
    expect(await make({ KeyId: arn })).toBe('ValidationException')
    expect(await make({ KeyId: arn, KeySpec: 'AES_256', NumberOfBytes: 32 })).toBe('ValidationException')
  })

  test('knows who signed: unknown, expired and wrongly signed requests are refused as AWS does', async () => {
    const { arn: KeyId } = sharedKey(...ALL)
    const describe = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
      nameOf(clientOf(credentials).send(new DescribeKeyCommand({ KeyId })))
    expect(await describe({ accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' })).toBe(
      'UnrecognizedClientException',
    )
    expect(await describe({ ...PARTNER, secretAccessKey: 'wrong' })).toBe('InvalidSignatureException')
    expect(await describe(EXPIRED)).toBe('ExpiredTokenException')
  })

  test('refuses what is no call of KMS', async () => {
    const post = async (headers: Record<string, string>) => {
      const answer = await fetch(url, { method: 'POST', headers, body: '{}' })
      return ((await answer.json()) as { __type: string }).__type
    }
    const type = { 'content-type': 'application/x-amz-json-1.1' }
    expect(await post({})).toBe('SerializationException')
    expect(await post({ ...type, 'x-amz-target': 'TrentService.ListKeys' })).toBe(
      'MissingAuthenticationTokenException',
    )
  })

  test('throttles, breaks, cuts and hangs on command', async () => {
    const { arn: KeyId } = sharedKey(...ALL)
    const partner = clientOf(PARTNER)
    const describe = (abortSignal?: AbortSignal) =>
      nameOf(partner.send(new DescribeKeyCommand({ KeyId }), { ...(abortSignal && { abortSignal }) }))
    kms.faults.add({ kind: 'throttle', action: 'Decrypt' })
    kms.faults.add({ kind: 'throttle', action: 'DescribeKey' })
    expect(await describe()).toBe('ThrottlingException')
    kms.faults.add({ kind: 'exception', type: 'KeyUnavailableException' })
    expect(await describe()).toBe('KeyUnavailableException')
    kms.faults.add({ kind: 'status', status: 503 })
    expect(await describe()).not.toBe('none')
    kms.faults.add({ kind: 'cut' })
    expect(await describe()).not.toBe('none')
    kms.faults.clear()
    kms.faults.add({ kind: 'hang' })
    const ending = new AbortController()
    const before = kms.calls().length
    const hanging = describe(ending.signal)
    await expect.poll(() => kms.calls().length).toBe(before + 1)
    ending.abort()
    expect(await hanging).toBe('AbortError')
    expect(await describe()).toBe('none')
  })
})
