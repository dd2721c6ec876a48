import type { EndpointServices } from '../../domain/aws-endpoint.ts'
import { type ClaimedLink, noteShown } from '../../store/private-link-looks.ts'
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
  const isHidden = serviceId !== null && present.length === 0 && (isYoung || !shown.ok)
  if (isHidden) ids.add(serviceId)
  for (const id of [...ids].slice(0, MOST_AT_ONCE)) {
    const problem = await removeService(services, { region, serviceId: id })
    // AWS ends endpoints in its own time; that is no failure.
    if (problem && problem.kind !== 'busy') return { ...NOTHING_SEEN, problem }
  }
  if (ids.size > 0) deps.log.info({ resourceId, services: [...ids] }, 'private link: service is removed')
  const gone = present.length === 0 && !isYoung
  return { ...NOTHING_SEEN, connections: [], changed: !gone, gone }
}
