import type { Caller } from '../caller.ts'
import { arnIn, decrypt, encrypt } from './ciphertext.ts'
import { type Input, validation } from './input.ts'
import type { KeySpec, Keys, KeyUsage, KmsKey } from './keys.ts'
import { KmsError } from './kms-error.ts'
import { isAllowed, readPolicy } from './policy.ts'

/** What an action works on. */
export type Work = {
  input: Input
  caller: Caller
  keys: Keys
  now: Date
  random: (bytes: number) => Buffer
}

/** An action by the members that it knows, and what it does. */
export type Action = { members: readonly string[]; run: (work: Work) => object }

const DAY_MS = 24 * 3_600_000
const NO_CONTEXT = {}

/** The actions of KMS that a service and its customer use. Every other one is an `UnknownOperationException`. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  CreateKey: {
    members: ['Description', 'KeySpec', 'KeyUsage', 'MultiRegion', 'Origin', 'Policy', 'Tags'],
    run({ input, caller, keys, now }) {
      const policy = input.optionalText('Policy')
      const key = keys.create(
        {
          ...caller,
          multiRegion: input.optionalFlag('MultiRegion') ?? false,
          spec: (input.optionalText('KeySpec') ?? 'SYMMETRIC_DEFAULT') as KeySpec,
          usage: (input.optionalText('KeyUsage') ?? 'ENCRYPT_DECRYPT') as KeyUsage,
          ...(policy !== undefined && { policy: readPolicy(policy) }),
        },
        now,
      )
      return { KeyMetadata: metadataOf(key) }
    },
  },
  CreateAlias: {
    members: ['AliasName', 'TargetKeyId'],
    run({ input, caller, keys }) {
      keys.alias(input.text('AliasName'), keys.find(input.text('TargetKeyId'), caller))
      return {}
    },
  },
  PutKeyPolicy: {
    members: ['KeyId', 'PolicyName', 'Policy', 'BypassPolicyLockoutSafetyCheck'],
    run(work) {
      keyFor(work, 'PutKeyPolicy').policy = readPolicy(work.input.text('Policy'))
      return {}
    },
  },
  DescribeKey: {
    members: ['KeyId', 'GrantTokens'],
    // The one action that works in every state.
    run: (work) => ({ KeyMetadata: metadataOf(keyFor(work, 'DescribeKey')) }),
  },
  EnableKey: { members: ['KeyId'], run: (work) => switchKey(work, 'EnableKey', 'Enabled') },
  DisableKey: { members: ['KeyId'], run: (work) => switchKey(work, 'DisableKey', 'Disabled') },
  ScheduleKeyDeletion: {
    members: ['KeyId', 'PendingWindowInDays'],
    run(work) {
      const key = keyFor(work, 'ScheduleKeyDeletion')
      const days = work.input.optionalNumber('PendingWindowInDays') ?? 30
      if (days < 7 || days > 30) throw validation('PendingWindowInDays must be between 7 and 30')
      if (key.state === 'PendingDeletion') throw invalidState(key)
      key.state = 'PendingDeletion'
      key.deletionAt = new Date(work.now.getTime() + days * DAY_MS)
      return { KeyId: key.arn, DeletionDate: secondsOf(key.deletionAt), KeyState: key.state }
    },
  },
  CancelKeyDeletion: {
    members: ['KeyId'],
    run(work) {
      const key = keyFor(work, 'CancelKeyDeletion')
      if (key.state !== 'PendingDeletion') throw invalidState(key)
      key.state = 'Disabled'
      key.deletionAt = undefined
      return { KeyId: key.arn }
    },
  },
  RotateKeyOnDemand: {
    members: ['KeyId'],
    run(work) {
      const key = usable(keyFor(work, 'RotateKeyOnDemand'))
      key.materials.push(work.random(32))
      return { KeyId: key.arn }
    },
  },
  GenerateDataKey: {
    members: ['KeyId', 'EncryptionContext', 'KeySpec', 'NumberOfBytes', 'GrantTokens'],
    run(work) {
      const { input, random } = work
      const key = symmetric(usable(keyFor(work, 'GenerateDataKey', input.context())))
      const plaintext = random(dataKeyBytes(input))
      const blob = encrypt(key, plaintext, input.context(), random)
      return {
        KeyId: key.arn,
        Plaintext: plaintext.toString('base64'),
        CiphertextBlob: blob.toString('base64'),
      }
    },
  },
  Encrypt: {
    members: ['KeyId', 'Plaintext', 'EncryptionContext', 'EncryptionAlgorithm', 'GrantTokens'],
    run(work) {
      const { input, random } = work
      const key = symmetric(usable(keyFor(work, 'Encrypt', input.context())))
      const blob = encrypt(key, input.bytes('Plaintext'), input.context(), random)
      return {
        KeyId: key.arn,
        CiphertextBlob: blob.toString('base64'),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      }
    },
  },
  Decrypt: {
    members: ['CiphertextBlob', 'KeyId', 'EncryptionContext', 'EncryptionAlgorithm', 'GrantTokens'],
    run(work) {
      const { input, caller, keys } = work
      const blob = input.bytes('CiphertextBlob')
      const named = input.optionalText('KeyId')
      const maker = keys.byArn(arnIn(blob))
      const wanted = named === undefined ? maker : keys.find(named, caller)
      if (!wanted) throw new KmsError('NotFoundException', `Key '${arnIn(blob)}' does not exist`)
      mayUse(work, wanted, 'Decrypt', input.context())
      if (wanted !== maker) {
        throw new KmsError(
          'IncorrectKeyException',
          'The key ID in the request does not identify a CMK that can perform this operation.',
        )
      }
      const key = symmetric(usable(wanted))
      return {
        KeyId: key.arn,
        Plaintext: decrypt(key, blob, input.context()).toString('base64'),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      }
    },
  },
}

function keyFor(work: Work, action: string, context: Readonly<Record<string, string>> = NO_CONTEXT): KmsKey {
  const key = work.keys.find(work.input.text('KeyId'), work.caller)
  mayUse(work, key, action, context)
  return key
}

function mayUse(
  { caller: { account, identity } }: Work,
  key: KmsKey,
  action: string,
  context: Readonly<Record<string, string>>,
): void {
  if (isAllowed(key.policy, { account, action: `kms:${action}`, context })) return
  throw new KmsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${account}:${identity} is not authorized to perform: kms:${action} on resource: ${key.arn} because no resource-based policy allows the kms:${action} action`,
  )
}

function switchKey(work: Work, action: string, state: 'Enabled' | 'Disabled'): object {
  const key = keyFor(work, action)
  if (key.state !== 'Enabled' && key.state !== 'Disabled') throw invalidState(key)
  key.state = state
  return {}
}

/** Whether a key may be used for cryptography in its state (AWS KMS Developer Guide, "Key states"). */
function usable(key: KmsKey): KmsKey {
  if (key.state === 'Enabled') return key
  if (key.state === 'Disabled') throw new KmsError('DisabledException', `${key.arn} is disabled.`)
  throw invalidState(key)
}

function symmetric(key: KmsKey): KmsKey {
  if (key.usage === 'ENCRYPT_DECRYPT' && key.spec === 'SYMMETRIC_DEFAULT') return key
  throw new KmsError('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage} (${key.spec})`)
}

function invalidState({ arn, state }: KmsKey): KmsError {
  const words = state.replace(/(?<=[a-z])([A-Z])/g, ' $1').toLowerCase()
  return new KmsError('KMSInvalidStateException', `${arn} is ${words}.`)
}

function dataKeyBytes(input: Input): number {
  const spec = input.optionalText('KeySpec')
  const bytes = input.optionalNumber('NumberOfBytes')
  if ((spec === undefined) === (bytes === undefined)) {
    throw validation('Please specify either number of bytes or key spec.')
  }
  const length = bytes ?? { AES_256: 32, AES_128: 16 }[spec ?? '']
  if (length === undefined || length < 1 || length > 1_024) throw validation('KeySpec or NumberOfBytes')
  return length
}

function metadataOf(key: KmsKey): object {
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: secondsOf(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: '',
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletionAt && { DeletionDate: secondsOf(key.deletionAt) }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...(key.usage === 'ENCRYPT_DECRYPT' && { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] }),
    MultiRegion: key.id.startsWith('mrk-'),
  }
}

function secondsOf(date: Date): number {
  return date.getTime() / 1_000
}
