import { randomBytes } from 'node:crypto'
import { CreateVpcEndpointCommand, EC2Client } from '@aws-sdk/client-ec2'
import { createFakeAws, type FakeAws, sharedPolicy } from '../../simulator/aws/create-aws.ts'
import { systemNow } from '../clock.ts'

/** The region of the simulated apps. */
export const REGION = 'us-east-1'
/** Examples of AWS's own documents. */
export const CUSTOMER_ACCOUNT = '111111111111'
const PARTNER_ACCOUNT = '222222222222'
const NLB = `arn:aws:elasticloadbalancing:${REGION}:${PARTNER_ACCOUNT}:loadbalancer/net/pool/0123456789abcdef`
const VPC = 'vpc-0123456789abcdef0'

/** What the policy of a customer's key has to let us do, as docs/using/own-key.md says it. */
const RIGHTS = ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt']
/** In the real AWS an endpoint service takes minutes. */
const DELAYS = { serviceMs: 2_000, endpointMs: 1_000, visibleMs: 500 }

/** A simulated AWS in this process, and what its customer does there. */
export type Aws = {
  /** The settings that lead the service there. */
  environment: Record<string, string>
  /** Makes a key whose policy lets the service use it, or nobody but its account. Returns its ARN. */
  createKey: (options: { allowed: boolean }) => string
  setKey: (arn: string, state: 'Enabled' | 'Disabled') => void
  /** How often the service had a data key made by this key for that add-on. */
  dataKeysMade: (arn: string, addonId: string) => number
  /** Makes a VPC endpoint for a service, by the AWS SDK, and returns its id. Throws what AWS says. */
  createEndpoint: (serviceName: string) => Promise<string>
  endpointState: (id: string) => string | undefined
  serviceExists: (serviceName: string) => boolean
  close: () => Promise<void>
}

/** Starts it on a free port. What it holds is gone with the process. */
export async function startAws(): Promise<Aws> {
  const secret = () => randomBytes(30).toString('base64')
  const partner = { accessKeyId: 'AKIAPARTNERDEMO', secretAccessKey: secret(), account: PARTNER_ACCOUNT }
  const customer = { accessKeyId: 'AKIACUSTOMERDEMO', secretAccessKey: secret(), account: CUSTOMER_ACCOUNT }
  const credentials = [partner, customer]
  const aws = createFakeAws({ now: systemNow, random: randomBytes, credentials, nlbs: [NLB], delays: DELAYS })
  const { url } = await aws.listen()
  const ec2 = new EC2Client({ endpoint: url, region: REGION, credentials: customer })
  return {
    environment: {
      AWS_ACCESS_KEY_ID: partner.accessKeyId,
      AWS_SECRET_ACCESS_KEY: partner.secretAccessKey,
      AWS_ACCOUNT_ID: PARTNER_ACCOUNT,
      AWS_ENDPOINT_URL: url,
      KMS_REGIONS: REGION,
      PRIVATELINK_NLBS: `${REGION}=${NLB}`,
    },
    createKey: ({ allowed }) => createKey(aws, allowed),
    setKey(arn, state) {
      const key = aws.kms.key(arn)
      if (key) key.state = state
    },
    dataKeysMade: (arn, addonId) =>
      aws.kms
        .calls()
        .filter(({ action, error }) => action.startsWith('GenerateDataKey') && error === undefined)
        .filter(({ keyId, context }) => keyId === arn && context['securekey:resource'] === addonId).length,
    async createEndpoint(ServiceName) {
      const asked = new CreateVpcEndpointCommand({ VpcEndpointType: 'Interface', ServiceName, VpcId: VPC })
      return (await ec2.send(asked)).VpcEndpoint?.VpcEndpointId ?? ''
    },
    endpointState: (id) => aws.ec2.endpoint(id)?.state.toLowerCase(),
    serviceExists: (name) => aws.ec2.service(name.split('.').at(-1) ?? '') !== undefined,
    async close() {
      ec2.destroy()
      await aws.close()
    },
  }
}

function createKey({ kms }: FakeAws, allowed: boolean): string {
  const policy = sharedPolicy(CUSTOMER_ACCOUNT, PARTNER_ACCOUNT, RIGHTS)
  const asked = { account: CUSTOMER_ACCOUNT, region: REGION, ...(allowed && { policy }) }
  return kms.createKey(asked).arn
}
