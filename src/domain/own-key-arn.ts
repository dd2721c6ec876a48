import { awsRegionOf, partitionOf } from './aws-region.ts'

/** The full ARN of a customer's own key, and what it says. */
export type OwnKeyArn = { arn: string; region: string; account: string }

export type ArnLimits = {
  /** The regions in which keys may be. The host that is called is made of the region, so no other is taken. */
  regions: readonly string[]
  /** The AWS account of this service, whose keys are nobody's own. */
  accountId: string | undefined
  /** Where the add-on is, as Heroku says it. */
  addonRegion: string | null
}

const LONGEST_ARN = 200
const ARN =
  /^arn:(aws|aws-us-gov|aws-cn):kms:([a-z]{2}(?:-[a-z]+)+-[0-9]):([0-9]{12}):key\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/
/** What stands where no ARN was given: a bare flag arrives as true, and a variable of a shell that is not set as nothing. */
const NO_ARN = ['', 'true', 'false', 'null', 'undefined']
const EXAMPLE = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/**
 * Reads the ARN of a key before anything is called. A problem is the end of a sentence that begins with the option's name.
 * An alias is refused: it can be made to name another key, and then nothing that is stored would open.
 */
export function readOwnKeyArn(given: unknown, limits: ArnLimits): OwnKeyArn | { problem: string } {
  const text = typeof given === 'string' ? given.trim() : String(given)
  if (NO_ARN.includes(text.toLowerCase())) {
    return { problem: `needs the ARN of a key in AWS KMS, such as ${EXAMPLE}` }
  }
  if (/:alias\/|^alias\//.test(text)) {
    return { problem: 'takes the ARN of the key itself, which ends in key/ and its id, and no alias' }
  }
  const [arn, partition, region, account] = (text.length <= LONGEST_ARN && ARN.exec(text)) || []
  if (!arn || !partition || !region || !account) {
    return { problem: `takes the full ARN of a key in AWS KMS, such as ${EXAMPLE}` }
  }
  if (!limits.regions.includes(region) || partition !== partitionOf(region)) {
    return { problem: `takes keys of these regions: ${limits.regions.join(', ')}` }
  }
  const home = awsRegionOf(limits.addonRegion)
  if (home !== undefined && home !== region) {
    return { problem: `takes a key of the region of the add-on, ${home}` }
  }
  if (account === limits.accountId) return { problem: 'takes a key of your own AWS account' }
  return { arn, region, account }
}

/** Whether a text is the full ARN of a key, and not of an alias. */
export function isKeyArn(text: string): boolean {
  return text.length <= LONGEST_ARN && ARN.test(text)
}

/** The region that a stored ARN names. */
export function regionOfArn(arn: string): string {
  const [, , region] = ARN.exec(arn) ?? []
  if (region === undefined) throw new RangeError('that is not the ARN of a key')
  return region
}

/** Whether the id of a KEK is that of a customer's own key: no id of `SEALING_KEYS` holds a colon. */
export function isOwnKey(kekId: string): boolean {
  return kekId.startsWith('arn:')
}
