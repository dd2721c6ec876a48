import { KmsError } from './kms-error.ts'

/** A key policy: the part of IAM's language that key policies for another account are written in. */
export type Policy = { Version?: string; Id?: string; Statement: readonly Statement[] }
export type Statement = {
  Sid?: string
  Effect: 'Allow' | 'Deny'
  Principal: '*' | { AWS: string | readonly string[] }
  Action: string | readonly string[]
  Resource: string | readonly string[]
  Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/** What somebody wants to do with a key. */
export type Attempt = { account: string; action: string; context: Readonly<Record<string, string>> }

const CONTEXT_KEY = 'kms:EncryptionContext:'
const OPERATORS = ['StringEquals', 'StringLike']

/** The policy of a key that was made without one: the account that owns it may do everything. */
export function defaultPolicy(account: string): Policy {
  return {
    Version: '2012-10-17',
    Statement: [allow(account, 'kms:*')],
  }
}

/** The policy of a key with which another account may do some things too. */
export function sharedPolicy(owner: string, other: string, actions: readonly string[]): Policy {
  const { Statement, ...policy } = defaultPolicy(owner)
  return { ...policy, Statement: [...Statement, allow(other, actions)] }
}

function allow(account: string, Action: Statement['Action']): Statement {
  return { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action, Resource: '*' }
}

/** Reads a policy document. Throws `MalformedPolicyDocumentException` for what this fake does not understand. */
export function readPolicy(text: string): Policy {
  try {
    const policy = JSON.parse(text) as Policy
    if (policy.Statement.every(isUnderstood)) return policy
  } catch {
    // Told below.
  }
  throw new KmsError('MalformedPolicyDocumentException', 'The policy document is not understood')
}

/** Whether a policy allows an attempt: one statement must, and none may deny it. */
export function isAllowed(policy: Policy, attempt: Attempt): boolean {
  const matching = policy.Statement.filter((statement) => matches(statement, attempt))
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && matching.every(({ Effect }) => Effect === 'Allow')
  )
}

function isUnderstood({ Effect, Principal, Action, Resource, Condition = {} }: Statement): boolean {
  const conditions = Object.entries(Condition)
  return (
    ['Allow', 'Deny'].includes(Effect) &&
    (Principal === '*' || Principal.AWS !== undefined) &&
    listOf(Action).every((action) => /^(\*|kms:[A-Za-z]*\*?)$/.test(action)) &&
    listOf(Resource).every((resource) => resource === '*') &&
    conditions.every(([operator, tests]) => {
      return OPERATORS.includes(operator) && Object.keys(tests).every((key) => key.startsWith(CONTEXT_KEY))
    })
  )
}

function matches({ Principal, Action, Condition = {} }: Statement, attempt: Attempt): boolean {
  const principals = Principal === '*' ? ['*'] : listOf(Principal.AWS)
  const isCaller = principals.some((principal) => {
    return ['*', attempt.account, `arn:aws:iam::${attempt.account}:root`].includes(principal)
  })
  if (!isCaller || !listOf(Action).some((action) => isLike(attempt.action, action))) return false
  return Object.entries(Condition).every(([operator, tests]) =>
    Object.entries(tests).every(([key, wanted]) => {
      const value = attempt.context[key.slice(CONTEXT_KEY.length)]
      if (value === undefined) return false
      return listOf(wanted).some((each) => (operator === 'StringLike' ? isLike(value, each) : value === each))
    }),
  )
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}

function isLike(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(text)
}
