import type { EndpointFailure, EndpointServices, ServicePlace } from '../../domain/aws-endpoint.ts'
import type { ClaimedLink } from '../../store/private-link-looks.ts'
import type { Deps } from '../deps.ts'

/** `off`: those that may make no endpoints any more. */
type Settled = { activeArns: string[]; refusedArns: string[]; off: string[]; changed: boolean }

/** One look tries so many one by one, where AWS has not taken all at once. */
const MOST_TRIED = 10

/** Lets exactly those make endpoints whom the customer has named, whatever somebody has changed by hand. */
export async function settlePrincipals(
  deps: Pick<Deps, 'log'>,
  services: EndpointServices,
  { resourceId, accounts }: ClaimedLink,
  at: ServicePlace,
): Promise<Settled | { problem: EndpointFailure }> {
  const wanted = accounts.filter(({ status }) => status !== 'Removing').map(({ arn }) => arn)
  const off = accounts.filter(({ status }) => status === 'Removing').map(({ arn }) => arn)
  const listed = await services.listPrincipals(at)
  if (!listed.ok && listed.failure.kind !== 'unsupported') return { problem: listed.failure }
  // Whoever cannot list them may still change them.
  const shown = listed.ok
    ? listed.value
    : accounts.filter(({ status }) => status !== 'Adding').map(({ arn }) => arn)
  const add = wanted.filter((arn) => !shown.includes(arn))
  const remove = shown.filter((arn) => !wanted.includes(arn))
  const drift = [
    ...accounts.filter(({ arn, status }) => status === 'Active' && add.includes(arn)).map(({ arn }) => arn),
    ...(listed.ok ? remove.filter((arn) => !off.includes(arn)) : []),
  ]
  if (drift.length > 0) {
    deps.log.warn(
      { resourceId, principals: drift.slice(0, 5) },
      'private link: principals were changed at AWS',
    )
  }
  const refusedArns: string[] = []
  if (add.length + remove.length > 0) {
    const changed = await services.changePrincipals(at, { add, remove })
    if (!changed.ok && changed.failure.kind !== 'invalid') return { problem: changed.failure }
    if (!changed.ok) {
      const tried = await oneByOne(services, at, { add, remove })
      if ('problem' in tried) return tried
      refusedArns.push(...tried.refused)
    }
  }
  return {
    activeArns: wanted.filter((arn) => !refusedArns.includes(arn)),
    refusedArns,
    off,
    changed: add.length + remove.length > refusedArns.length,
  }
}

/** AWS takes all or none, and does not say which of them there is not. */
async function oneByOne(
  services: EndpointServices,
  at: ServicePlace,
  { add, remove }: { add: readonly string[]; remove: readonly string[] },
): Promise<{ refused: string[] } | { problem: EndpointFailure }> {
  if (remove.length > 0) {
    const removed = await services.changePrincipals(at, { add: [], remove })
    if (!removed.ok) return { problem: removed.failure }
  }
  const refused = add.slice(MOST_TRIED)
  for (const arn of add.slice(0, MOST_TRIED)) {
    const added = await services.changePrincipals(at, { add: [arn], remove: [] })
    if (added.ok) continue
    if (added.failure.kind !== 'invalid') return { problem: added.failure }
    refused.push(arn)
  }
  return { refused }
}
