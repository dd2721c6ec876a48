import type { Connection, PrivateLink } from '../answers/private-link.ts'
import { listWords } from '../words/list.ts'

/** In these states a VPC endpoint carries nothing, so nothing of it is cut. */
const OVER: readonly string[] = ['rejected', 'failed', 'expired', 'deleted', 'deleting']

/** What a destroyed endpoint ends, as sentences. Undefined: one that has failed, whose connections are not shown. */
export function ofDestroying(link: PrivateLink | undefined, addon: string): string[] {
  return [
    `The privatelink endpoint of ${addon} is destroyed. A new one has another service name.`,
    ...(link
      ? cutWords(link.connections.filter(isLive))
      : ['It has failed. Whatever is connected to it is rejected.']),
  ]
}

/** What ends with accounts that are no longer allowed: the VPC endpoints of those that have no entry left. */
export function ofRemoving(link: PrivateLink | undefined, removed: readonly string[]): string[] {
  if (!link)
    return ['The endpoint has failed. VPC endpoints of accounts of which no entry is left are rejected.']
  const left = new Set(
    link.accounts
      .filter(({ arn }) => !removed.some((one) => isSame(one, arn)))
      .map(({ arn }) => accountOf(arn)),
  )
  return cutWords(link.connections.filter(isLive).filter(({ ownerArn }) => !left.has(accountOf(ownerArn))))
}

function cutWords(cut: readonly Connection[]): string[] {
  if (cut.length === 0) return []
  const ids = cut.map(({ endpointId }) => endpointId)
  const [is, it] = ids.length === 1 ? ['is', 'it'] : ['are', 'them']
  const vars = cut.flatMap(({ configVar }) => (configVar === null ? [] : [configVar]))
  return [
    `${listWords(ids)} ${is} rejected: nothing goes through ${it} any more, and allowing the account again brings nothing back.`,
    ...(vars.length > 0
      ? [`${listWords(vars)} ${vars.length === 1 ? 'is' : 'are'} unset: apps restart.`]
      : []),
  ]
}

function isLive({ status }: Connection): boolean {
  return !OVER.includes(status.toLowerCase())
}

/** Whether what was typed names this ARN: in full, or as an account with or without a user or role. */
function isSame(typed: string, arn: string): boolean {
  if (typed === arn) return true
  const entry = typed.includes(':') ? typed : `${typed}:root`
  return /^\d{12}:/.test(entry) && arn.endsWith(`::${entry}`)
}

function accountOf(arn: string): string {
  return arn.split(':')[4] ?? arn
}
