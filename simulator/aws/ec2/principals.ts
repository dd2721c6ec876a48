import { Ec2Error } from './ec2-error.ts'

const ARN =
  /^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:(root|user\/[\w+=,.@-]{1,64}|role\/[\w+=,.@-]{1,64})$/

/** The ARN of an account, a user or a role, or `*` for everyone. Throws `InvalidPrincipal`, also for a path. */
export function readPrincipal(text: string): string {
  if (text === '*' || ARN.test(text)) return text
  throw new Ec2Error('InvalidPrincipal', `Invalid Principal: '${text}'`)
}

/** What AWS calls such a principal. */
export function typeOfPrincipal(principal: string): string {
  if (principal === '*') return 'All'
  if (principal.endsWith(':root')) return 'Account'
  return principal.includes(':user/') ? 'User' : 'Role'
}

/** Whether somebody of an account is among the principals. */
export function isAmong(
  principals: Iterable<string>,
  { account, identity }: { account: string; identity: string },
): boolean {
  return [...principals].some((principal) => {
    if (principal === '*') return true
    return [`iam::${account}:root`, `iam::${account}:${identity}`].some((end) =>
      principal.endsWith(`:${end}`),
    )
  })
}
