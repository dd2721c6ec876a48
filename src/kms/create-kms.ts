import type { KMSClient } from '@aws-sdk/client-kms'
import { type AwsAccess, CALL_LIMIT_MS, createRegionalClients } from '../aws/regional-clients.ts'
import {
  dekContext,
  type KmsKeyFacts,
  type KmsResult,
  type KmsRight,
  type MadeDataKey,
  UNKNOWN_FACT,
} from '../domain/kms.ts'
import { regionOfArn } from '../domain/own-key-arn.ts'
import { kmsFailureOf } from './classify.ts'

/**
 * What is asked of a customer's key in AWS KMS, by its full ARN. No call throws, and none lasts longer than a few seconds.
 * Whoever gets bytes of a data key clears them after use.
 */
export type Kms = {
  describe: (arn: string) => Promise<KmsResult<KmsKeyFacts>>
  /** A fresh data key of 32 bytes, wrapped under the encryption context of this resource. */
  makeDataKey: (arn: string, resourceId: string) => Promise<KmsResult<MadeDataKey>>
  /** The bytes of a data key that was wrapped for this resource. */
  openDataKey: (arn: string, resourceId: string, wrapped: Buffer) => Promise<KmsResult<Buffer>>
  close: () => void
}

const DATA_KEY_BYTES = 32

type Sdk = typeof import('@aws-sdk/client-kms')

export function createKms(settings: AwsAccess & { callLimitMs?: number }): Kms {
  const clients = createRegionalClients<Sdk, KMSClient>(
    settings,
    () => import('@aws-sdk/client-kms'),
    (sdk, config) => new sdk.KMSClient(config),
  )
  const limitMs = settings.callLimitMs ?? CALL_LIMIT_MS

  async function call<T>(
    arn: string,
    right: KmsRight,
    work: (
      at: Awaited<ReturnType<typeof clients.of>>,
      options: { abortSignal: AbortSignal },
    ) => Promise<T | undefined>,
  ): Promise<KmsResult<T>> {
    try {
      const at = await clients.of(regionOfArn(arn))
      const value = await work(at, { abortSignal: AbortSignal.timeout(limitMs) })
      if (value !== undefined) return { ok: true, value }
      return { ok: false, failure: { kind: 'wrong', right, detail: 'an answer without what was asked for' } }
    } catch (error) {
      return { ok: false, failure: kmsFailureOf(error, right) }
    }
  }

  return {
    describe: (arn) =>
      call(arn, 'kms:DescribeKey', async ({ sdk, client }, options) => {
        const { KeyMetadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId: arn }), options)
        return (
          KeyMetadata && {
            manager: word(KeyMetadata.KeyManager),
            spec: word(KeyMetadata.KeySpec ?? KeyMetadata.CustomerMasterKeySpec),
            usage: word(KeyMetadata.KeyUsage),
            state: stateOf(KeyMetadata),
          }
        )
      }),
    makeDataKey: (arn, resourceId) =>
      call(arn, 'kms:GenerateDataKey', async ({ sdk, client }, options) => {
        const EncryptionContext = dekContext(resourceId)
        const input = { KeyId: arn, KeySpec: 'AES_256', EncryptionContext } as const
        const made = await client.send(new sdk.GenerateDataKeyCommand(input), options)
        const bytes = takenOver(made.Plaintext)
        if (!bytes || !made.CiphertextBlob || !isOf(arn, made.KeyId)) return undefined
        return { bytes, wrapped: Buffer.from(made.CiphertextBlob) }
      }),
    openDataKey: (arn, resourceId, wrapped) =>
      call(arn, 'kms:Decrypt', async ({ sdk, client }, options) => {
        const input = { KeyId: arn, CiphertextBlob: wrapped, EncryptionContext: dekContext(resourceId) }
        const opened = await client.send(new sdk.DecryptCommand(input), options)
        return isOf(arn, opened.KeyId) ? takenOver(opened.Plaintext) : undefined
      }),
    close: clients.close,
  }
}

/** The one copy of the bytes that is left; undefined unless they are a data key. */
function takenOver(bytes: Uint8Array | undefined): Buffer | undefined {
  if (bytes?.length !== DATA_KEY_BYTES) return undefined
  const copy = Buffer.from(bytes)
  bytes.fill(0)
  return copy
}

/**
 * Whether an answer is of the key that was asked for: KMS names it by its ARN, others by its id, or by an ARN in the one
 * account that they know. Ids are random.
 */
function isOf(arn: string, keyId: string | undefined): boolean {
  return keyId === undefined || keyId.split('/').at(-1) === arn.split('/').at(-1)
}

/** Both fields tell of it, and some who play AWS fill in one of them: the worse counts. */
function stateOf({
  KeyState,
  Enabled,
}: {
  KeyState?: string | undefined
  Enabled?: boolean | undefined
}): string {
  const said = word(KeyState)
  if (Enabled === false && (said === 'Enabled' || said === UNKNOWN_FACT)) return 'Disabled'
  return Enabled && said === UNKNOWN_FACT ? 'Enabled' : said
}

/** A word of AWS, of which nothing else is taken over. */
function word(text: string | undefined): string {
  return /^\w{1,40}$/.exec(text ?? '')?.[0] ?? UNKNOWN_FACT
}
