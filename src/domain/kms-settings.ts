import { isAwsRegion } from './aws-region.ts'
import { isKeyArn } from './own-key-arn.ts'

/** As whom AWS KMS is called, and which keys of customers are taken. */
export type KmsSettings = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | undefined
  endpointUrl: string | undefined
  /** The account to which customers give rights. Undefined: they are told by other means. */
  accountId: string | undefined
  regions: string[]
  /** A key of our own account. Whether it works tells a grant that a customer took from us from rights that we lost. */
  canary: string | undefined
}

/** Where Heroku has Private Spaces, by the names of AWS (Heroku Dev Center, "Regions"). */
export const HEROKU_REGIONS =
  'us-east-1,us-west-2,ca-central-1,eu-west-1,eu-west-2,eu-central-1,ap-south-1,ap-southeast-1,ap-southeast-2,ap-northeast-1'

/** Without credentials there is no AWS, whatever else is set. */
export function kmsSettings(kms: KmsSettings): KmsSettings | undefined {
  return kms.accessKeyId && kms.secretAccessKey ? kms : undefined
}

/** Reads an AWS account id; an empty text is none. Throws with what is allowed. */
export function accountId(text: string): string | undefined {
  if (text !== '' && !/^[0-9]{12}$/.test(text)) throw new Error('must be an AWS account id of 12 digits')
  return text || undefined
}

/** Reads a list of regions. Throws with what is allowed. */
export function kmsRegions(text: string): string[] {
  const regions = text.split(',').map((region) => region.trim())
  if (regions.every(isAwsRegion)) return regions
  throw new Error('must be a list of regions of AWS, such as us-east-1,eu-west-1')
}

/** Reads the full ARN of a key; an empty text is none. Throws with what is allowed. */
export function keyArn(text: string): string | undefined {
  if (text !== '' && !isKeyArn(text)) throw new Error('must be the full ARN of a key in AWS KMS')
  return text || undefined
}
