import { cleanText } from './clean-text.ts'

/** So many accounts, users and roles one link lets in. */
export const MOST_LINK_ACCOUNTS = 50
/** More than the longest of them has as an ARN. */
export const LONGEST_LINK_ACCOUNT = 120

/** Names of IAM, without a path: AWS takes none here. */
const WRITTEN =
  /^(?:arn:(aws|aws-us-gov|aws-cn):iam::)?([0-9]{12})(?::(root|(?:user|role)\/[\w+=,.@-]{1,64}))?$/
const FORMS = 'Write 123456789101, 123456789101:user/NAME or 123456789101:role/NAME'

/**
 * Reads who may make endpoints, as a customer writes it: an account id alone or with `:root`, `:user/NAME` or `:role/NAME`, or
 * the full ARN of one of these. Returns full ARNs, each once. Everything else is refused in a sentence that names the entry:
 * `*` would let in everybody, and AWS takes no paths.
 */
export function readAccounts(given: unknown, partition: string): { arns: string[] } | { problem: string } {
  const entries = Array.isArray(given) ? given : undefined
  if (!entries || entries.length === 0) return { problem: `Name at least one AWS account. ${FORMS}.` }
  if (entries.length > MOST_LINK_ACCOUNTS) {
    return { problem: `Name ${MOST_LINK_ACCOUNTS} AWS accounts at the most.` }
  }
  const arns = new Set<string>()
  for (const entry of entries) {
    const text = typeof entry === 'string' ? entry.trim() : undefined
    const [whole, ofPartition = partition, account, who = 'root'] =
      (text !== undefined && text.length <= LONGEST_LINK_ACCOUNT && WRITTEN.exec(text)) || []
    if (whole === undefined) return { problem: problemOf(text) }
    if (ofPartition !== partition) {
      return {
        problem: `“${cleanText(whole)}” is not of the part of AWS in which this add-on is (${partition}).`,
      }
    }
    arns.add(`arn:${partition}:iam::${account}:${who}`)
  }
  return { arns: [...arns] }
}

function problemOf(text: string | undefined): string {
  if (text === undefined) return `Every AWS account is a text. ${FORMS}.`
  const shown = `“${cleanText(text, LONGEST_LINK_ACCOUNT)}”`
  if (text.includes('*')) return `${shown} would let in everybody, and is refused. ${FORMS}.`
  if (/:(user|role)\/.*\//.test(text)) return `${shown} has a path, which AWS does not take here. ${FORMS}.`
  return `${shown} is no AWS account, user or role. ${FORMS}.`
}

/** The account of an ARN that `readAccounts` returned. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? ''
}
