import { SecurekeyError } from '../domain/errors.ts'
import { describeKmsFailure, type KmsFailure, type KmsResult, type MadeDataKey } from '../domain/kms.ts'
import { isOwnKey } from '../domain/own-key-arn.ts'
import { requireOpen } from '../domain/own-key-closed.ts'
import { createDekCache } from './dek-cache.ts'
import { createSealingKey } from './envelope.ts'
import type { OwnKeks } from './keyring.ts'

/** What AWS KMS does for a data key, by the ARN of a customer's key (`kms/create-kms.ts`). */
export type WrapsDataKeys = {
  makeDataKey: (arn: string, resourceId: string) => Promise<KmsResult<MadeDataKey>>
  openDataKey: (arn: string, resourceId: string, wrapped: Buffer) => Promise<KmsResult<Buffer>>
}

/**
 * Customers' own keys in AWS KMS. Opened data keys are cached for some minutes (`dek-cache.ts`); their bytes are cleared as
 * soon as a sealing key is made of them.
 */
export function createOwnKeks(kms: WrapsDataKeys, steadyMs: () => number): OwnKeks {
  const cache = createDekCache(steadyMs, async (resourceId, { kekId, wrapped }) => {
    return sealingKeyOf(madeBy(await kms.openDataKey(kekId, resourceId, wrapped), kekId))
  })
  return {
    isOwn: isOwnKey,
    async createDek(kekId, resourceId) {
      const { bytes, wrapped } = madeBy(await kms.makeDataKey(kekId, resourceId), kekId)
      const made = { dek: sealingKeyOf(bytes), wrapped: { kekId, wrapped } }
      cache.put(resourceId, made.wrapped, made.dek)
      return made
    },
    openDek(resourceId, wrapped) {
      // Whatever is cached: it is closed in every process at once.
      requireOpen(wrapped)
      return cache.get(resourceId, wrapped)
    },
  }
}

/** Of a service that has no access to AWS: what a customer's key has wrapped stays closed. */
export const NO_OWN_KEKS: OwnKeks = {
  isOwn: isOwnKey,
  createDek: async (kekId) => {
    throw unreachable(`no access to AWS is set, and ${kekId} is asked for`)
  },
  openDek: (resourceId, { kekId }) => {
    throw unreachable(`no access to AWS is set, and ${kekId} wraps the data key of resource ${resourceId}`)
  },
}

function sealingKeyOf(bytes: Buffer) {
  const key = createSealingKey(bytes)
  bytes.fill(0)
  return key
}

function madeBy<T>(result: KmsResult<T>, arn: string): T {
  if (result.ok) return result.value
  throw errorOf(result.failure, arn)
}

/** The refusal of what needs a customer's key, by whose failure it is. */
function errorOf(failure: KmsFailure, arn: string): SecurekeyError {
  const detail = `${arn}: ${describeKmsFailure(failure)}`
  switch (failure.kind) {
    case 'withdrawn':
    case 'refused':
      return new SecurekeyError(
        'own-key-unusable',
        'This add-on is encrypted by a key of your own in AWS KMS, and AWS does not let us use that key. Enable it, and see that its key policy still gives our account the rights that it had.',
        { detail },
      )
    case 'wrong':
      return new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', { detail })
    case 'credentials':
    case 'outage':
    case 'unsupported':
      return unreachable(detail)
  }
}

function unreachable(detail: string): SecurekeyError {
  return new SecurekeyError(
    'own-key-unreachable',
    'This add-on is encrypted by a key of your own, and we can’t reach AWS KMS just now. Nothing is lost. Please try again in a few minutes.',
    { detail },
  )
}
