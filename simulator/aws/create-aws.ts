import { createEc2Service, type Ec2Options, type Ec2Service } from './ec2/create-ec2.ts'
import { type AwsServer, createAwsServer } from './http-shell.ts'
import { createKmsService, type KmsService } from './kms/create-kms.ts'

// One door for whoever plays AWS and its customer.
export { sharedPolicy } from './kms/policy.ts'

/** KMS and the PrivateLink part of EC2 at one address, for the same accounts. */
export type FakeAws = AwsServer & { kms: Omit<KmsService, 'serve'>; ec2: Omit<Ec2Service, 'serve'> }

const FORM = 'application/x-www-form-urlencoded'

/** A call goes to the service whose protocol it speaks. */
export function createFakeAws(options: Ec2Options): FakeAws {
  const kms = createKmsService(options)
  const ec2 = createEc2Service(options)
  const server = createAwsServer((call, response) => {
    const isForm = String(call.request.headers['content-type']).startsWith(FORM)
    return (isForm ? ec2 : kms).serve(call, response)
  })
  return { ...server, kms, ec2 }
}
