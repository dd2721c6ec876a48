import { createFakeKms } from '../../simulator/aws/kms/create-kms.ts'
import { sharedPolicy } from '../../simulator/aws/kms/policy.ts'

/** A customer's own key that protects all add-ons of a database, and where AWS KMS is simulated. */
export type OwnKeyOrder = { arn: string; url: string }

const PARTNER = {
  accessKeyId: 'AKIABENCH',
  secretAccessKey: 'bench-secret',
  account: '222222222222',
  expired: false,
}
const CUSTOMER = '111111111111'

/** As whom the benches call it. */
export const ACCESS = {
  accessKeyId: PARTNER.accessKeyId,
  secretAccessKey: PARTNER.secretAccessKey,
  sessionToken: undefined,
}

/** The settings of a process that reaches it. */
export function ownKeyEnvironment({ url }: OwnKeyOrder): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
    AWS_ENDPOINT_URL: url,
    AWS_ACCOUNT_ID: PARTNER.account,
  }
}

/** A stand-in of AWS KMS in this process, with one key of a customer that the bench may use. */
export async function startOwnKey(
  random: (bytes: number) => Buffer,
): Promise<{ order: OwnKeyOrder; calls: () => number; close: () => Promise<void> }> {
  const kms = createFakeKms({ now: () => new Date(), random, credentials: [PARTNER] })
  const { url } = await kms.listen()
  const policy = sharedPolicy(CUSTOMER, PARTNER.account, ['kms:*'])
  const { arn } = kms.createKey({ account: CUSTOMER, region: 'us-east-1', policy })
  return { order: { arn, url }, calls: () => kms.calls().length, close: () => kms.close() }
}
