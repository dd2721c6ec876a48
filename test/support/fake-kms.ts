import { createFakeKms, type FakeKms } from '../../simulator/aws/kms/create-kms.ts'
import type { KmsKey, NewKey } from '../../simulator/aws/kms/keys.ts'
import { type Policy, sharedPolicy } from '../../simulator/aws/kms/policy.ts'
import { KMS_RIGHTS } from '../../src/domain/kms.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

export const PARTNER_ACCOUNT = '222222222222'
export const CUSTOMER_ACCOUNT = '111111111111'
export const REGION = 'us-east-1'
export const PARTNER = {
  accessKeyId: 'AKIAPARTNER',
  secretAccessKey: 'partner-secret',
  account: PARTNER_ACCOUNT,
  expired: false,
}

/** As whom the service calls AWS at this address. */
export function partnerAccess(endpointUrl: string) {
  const { accessKeyId, secretAccessKey } = PARTNER
  return { accessKeyId, secretAccessKey, sessionToken: undefined, endpointUrl }
}

export type StartedKms = { kms: FakeKms; url: string; partner: typeof PARTNER }

/** AWS KMS, simulated on a free port; whoever starts it closes it. */
export async function startFakeKms(now: () => Date): Promise<StartedKms> {
  // A copy for each: a test may let it expire.
  const partner = { ...PARTNER }
  const kms = createFakeKms({ now, random: seededBytes('aws'), credentials: [partner] })
  const { url } = await kms.listen()
  return { kms, url, partner }
}

/** The settings of a service that reaches it. */
export function kmsEnvironment(url: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: PARTNER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: PARTNER.secretAccessKey,
    AWS_ENDPOINT_URL: url,
    AWS_ACCOUNT_ID: PARTNER_ACCOUNT,
    KMS_REGIONS: `${REGION},eu-west-1`,
  }
}

/** A key of a customer whose policy gives the partner these rights. */
export function customerKey(
  kms: FakeKms,
  { rights = KMS_RIGHTS, ...asked }: Partial<NewKey> & { rights?: readonly string[] } = {},
): KmsKey {
  return kms.createKey({ account: CUSTOMER_ACCOUNT, region: REGION, policy: policyFor(rights), ...asked })
}

/** The policy of a customer's key that gives the partner these rights. */
export function policyFor(rights: readonly string[]): Policy {
  return sharedPolicy(CUSTOMER_ACCOUNT, PARTNER_ACCOUNT, rights)
}
