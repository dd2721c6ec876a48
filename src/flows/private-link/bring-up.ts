import type { EndpointFailure, EndpointServices, ServiceFacts } from '../../domain/aws-endpoint.ts'
import { uuidFrom } from '../../domain/random-uuid.ts'
import {
  type ClaimedLink,
  forgetService,
  noteCreateSent,
  noteGoneSince,
  noteService,
  noteShown,
} from '../../store/private-link-looks.ts'
import type { Deps } from '../deps.ts'
import { letIn } from './let-in.ts'
import { type LookResult, NOTHING_SEEN } from './look-result.ts'
import { removeService } from './remove-service.ts'
import { settlePrincipals } from './settle-principals.ts'

/** AWS may not show for so long what it has just made. */
export const NOT_SHOWN_MS = 5 * 60_000
/** A service that was there is believed to be away after so long, and to be gone after so long. */
const BELIEVED_AWAY_MS = 20_000
const BELIEVED_GONE_MS = 2 * 60_000
/** More services that carry the tag of one add-on are left for the next look. */
const MOST_STRAYS = 3

/** Does what a link that is wanted still lacks at AWS. `lost`: the claim is no longer ours, and nothing more may be done. */
export async function bringUp(
  deps: Deps,
  services: EndpointServices,
  claimed: ClaimedLink,
): Promise<LookResult | 'lost'> {
  const found = await findService(deps, services, claimed)
  if (found === 'lost') return found
  if (!('strays' in found)) return { ...NOTHING_SEEN, ...found }
  const { service, strays } = found
  if (service.state === 'failed') return { ...NOTHING_SEEN, service: 'failed' }
  if (service.state !== 'available' && service.state !== 'unknown') {
    return { ...NOTHING_SEEN, changed: found.changed }
  }
  const { region } = claimed.link
  const { serviceId, serviceName } = service
  const at = { region, serviceId }
  const principals = await settlePrincipals(deps, services, claimed, at)
  if ('problem' in principals) {
    return { ...NOTHING_SEEN, service: 'available', serviceName, ...principals }
  }
  const { off, ...settled } = principals
  const connections = await letIn(deps, services, claimed, at)
  for (const stray of strays.slice(0, MOST_STRAYS)) {
    deps.log.warn(
      { resourceId: claimed.resourceId, service: stray.serviceId },
      'private link: a service too many',
    )
    await removeService(services, { region, serviceId: stray.serviceId })
  }
  return {
    ...NOTHING_SEEN,
    ...settled,
    ...connections,
    service: 'available',
    serviceName,
    // Only when the endpoints of an account are ended is it off.
    removedArns: connections.problem ? [] : off,
    changed: settled.changed || connections.changed || strays.length > 0,
  }
}

type Found =
  | { service: ServiceFacts; strays: readonly ServiceFacts[]; changed: boolean }
  | Pick<LookResult, 'service' | 'problem' | 'changed'>
  | 'lost'

async function findService(deps: Deps, services: EndpointServices, claimed: ClaimedLink): Promise<Found> {
  const { link, resourceId } = claimed
  const { region, service_id: serviceId, service_name: serviceName } = link
  const shown = await services.find({ region, resourceId, serviceId })
  if (!shown.ok && shown.failure.kind !== 'unsupported') return notSeen(shown.failure)
  // Whoever cannot list services still makes them.
  const known: ServiceFacts[] =
    serviceId !== null && serviceName !== null ? [{ serviceId, serviceName, state: 'unknown' }] : []
  const list = shown.ok ? shown.value : known
  const service =
    serviceId === null
      ? list.find(({ state }) => state !== 'deleting' && state !== 'failed')
      : list.find((each) => each.serviceId === serviceId)
  if (!service) {
    return serviceId === null
      ? await createService(deps, services, claimed)
      : await awaitService(deps, claimed)
  }
  if (serviceId === null && !(await noteService(deps.db, claimed, service))) return 'lost'
  if (!(await noteShown(deps.db, claimed))) return 'lost'
  const strays = list.filter((each) => each !== service && each.state !== 'deleting')
  return { service, strays, changed: false }
}

/** That AWS was asked is written down first: a service that nobody knows of must not be left there. */
async function createService(deps: Deps, services: EndpointServices, claimed: ClaimedLink): Promise<Found> {
  const { link, resourceId, at } = claimed
  if (!(await noteCreateSent(deps.db, claimed, at))) return 'lost'
  const { region, nlb_arn: nlbArn, client_token: clientToken } = link
  const created = await services.create({ region, nlbArn, clientToken, resourceId })
  if (!created.ok) return { ...notSeen(created.failure), service: 'on-its-way' }
  if (!(await noteService(deps.db, claimed, created.value))) return 'lost'
  deps.log.info({ resourceId, service: created.value.serviceId }, 'private link: service made')
  return { service: created.value, strays: [], changed: true }
}

/**
 * AWS does not show a service that it has made: not yet, or somebody has deleted it by hand. Only in the second case, and after
 * a while, is another made, since that has another name and every endpoint must then be made anew.
 */
async function awaitService(deps: Deps, claimed: ClaimedLink): Promise<Found> {
  const { link, resourceId, at } = claimed
  const since = (date: Date) => at.getTime() - date.getTime()
  if (link.create_sent_at && since(link.create_sent_at) < NOT_SHOWN_MS) return notSeen()
  if (!link.gone_since) return (await noteGoneSince(deps.db, claimed, at)) ? notSeen() : 'lost'
  if (since(link.gone_since) < BELIEVED_AWAY_MS) return notSeen()
  if (since(link.gone_since) < BELIEVED_GONE_MS) return { ...notSeen(), service: 'on-its-way' }
  deps.log.warn(
    { resourceId, service: link.service_id },
    'private link: service was deleted at AWS, another is made',
  )
  const forgotten = await forgetService(deps.db, claimed, uuidFrom(deps.random(16)))
  return forgotten ? { ...notSeen(), service: 'on-its-way' } : 'lost'
}

/** Nothing can be said of the service, since AWS failed or does not show it. */
function notSeen(problem?: EndpointFailure): Pick<LookResult, 'service' | 'problem' | 'changed'> {
  return { service: 'not-shown', problem, changed: !problem }
}
