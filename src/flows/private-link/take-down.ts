import type { EndpointServices } from '../../domain/aws-endpoint.ts'
import { type ClaimedLink, noteGoneSince, noteShown } from '../../store/private-link-looks.ts'
import type { Deps } from '../deps.ts'
import { NOT_SHOWN_MS } from './bring-up.ts'
import { type LookResult, NOTHING_SEEN } from './look-result.ts'
import { removeService } from './remove-service.ts'

/** More services of one add-on are left for the next look. */
const MOST_AT_ONCE = 5

/** Takes whatever AWS shows of a link that is not wanted down; `gone` when it shows nothing, and has been given the time to. */
export async function takeDown(
  deps: Pick<Deps, 'db' | 'log'>,
  services: EndpointServices,
  claimed: ClaimedLink,
): Promise<LookResult | 'lost'> {
  const { link, resourceId, at } = claimed
  const { region, service_id: serviceId, create_sent_at: sentAt } = link
  const shown = await services.find({ region, resourceId, serviceId })
  if (!shown.ok && shown.failure.kind !== 'unsupported') return { ...NOTHING_SEEN, problem: shown.failure }
  const present = shown.ok ? shown.value : []
  const ids = new Set(present.filter(({ state }) => state !== 'deleting').map((each) => each.serviceId))
  if (present.length > 0 && !(await noteShown(deps.db, claimed))) return 'lost'
  // What was made a moment ago may not be shown yet.
  const isYoung = present.length === 0 && sentAt !== null && at.getTime() - sentAt.getTime() < NOT_SHOWN_MS
  // One that was shown before is asked for by its id once more: a list of AWS may be late.
  const isDoubted = present.length === 0 && link.gone_since === null
  const isHidden = serviceId !== null && present.length === 0 && (isYoung || !shown.ok || isDoubted)
  if (isHidden) ids.add(serviceId)
  let isBusy = false
  for (const id of [...ids].slice(0, MOST_AT_ONCE)) {
    const problem = await removeService(services, { region, serviceId: id })
    if (problem) isBusy = true
    // AWS ends endpoints in its own time; that is no failure.
    if (problem && problem.kind !== 'busy') return { ...NOTHING_SEEN, problem }
  }
  if (ids.size > 0) deps.log.info({ resourceId, services: [...ids] }, 'private link: service is removed')
  if (isHidden && !isYoung && !(await noteGoneSince(deps.db, claimed, at))) return 'lost'
  const gone = present.length === 0 && !isYoung && !isBusy && !isHidden
  return { ...NOTHING_SEEN, connections: [], changed: !gone, gone }
}
