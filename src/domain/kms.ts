/**
 * Why a call to AWS KMS did not succeed.
 * - `withdrawn`: the key is disabled, scheduled for deletion, or its store is away: its owner has taken it from us
 * - `refused`: we may not use it, or it is gone; the same is said where our own credentials were taken from us
 * - `credentials`: AWS does not know us
 * - `outage`: throttled, 5xx, no answer: nothing is known of the key
 * - `unsupported`: whoever answers does not know the action
 * - `wrong`: the key works, and what it was given is not its own: data or code is wrong
 */
export type KmsFailure = {
  kind: 'withdrawn' | 'refused' | 'credentials' | 'outage' | 'unsupported' | 'wrong'
  /** The action, as a key policy names it. */
  right: KmsRight
  /** A short phrase of ours, for logs. */
  detail: string
}

/** The rights that a customer's key policy must give. */
export const KMS_RIGHTS = ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt'] as const
export type KmsRight = (typeof KMS_RIGHTS)[number]

/** The value of a call, or why there is none. */
export type KmsResult<T> = { ok: true; value: T } | { ok: false; failure: KmsFailure }

/** What KMS says of a key, in its own words, or `UNKNOWN_FACT`: some who play AWS leave a field out. */
export type KmsKeyFacts = { manager: string; spec: string; usage: string; state: string }

export const UNKNOWN_FACT = 'unknown'

/** A data key as KMS makes it: its bytes, and the same wrapped by the customer's key. */
export type MadeDataKey = { bytes: Buffer; wrapped: Buffer }

/**
 * What goes into the encryption context of a wrapped data key. It stands in the customer's CloudTrail, so nothing in it is
 * secret, and a key policy can name it: a key that is meant for one add-on opens nothing for another.
 */
export function dekContext(resourceId: string): Record<string, string> {
  return { 'securekey:resource': resourceId, 'securekey:purpose': 'dek' }
}

/** One line for logs. */
export function describeKmsFailure({ kind, right, detail }: KmsFailure): string {
  return `${right} ${kind}: ${detail}`
}
