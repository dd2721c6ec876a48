import type { Caller } from '../caller.ts'
import { Ec2Error, noService } from './ec2-error.ts'
import type { Form } from './form.ts'
import type { Endpoint, EndpointService, World } from './world.ts'
import type { XmlValue } from './xml.ts'

/** What an action works on. */
export type Work = {
  form: Form
  caller: Caller
  world: World
  now: Date
  random: (bytes: number) => Buffer
  /** What one answer lists at most. */
  largestPage: number
  /** The code with which this call fails for an id, on command. */
  failing: (id: string) => string | undefined
}

/** An action by the parameters that it knows, and what it does. */
export type Action = { members: readonly string[]; run: (work: Work) => { [name: string]: XmlValue } }

export const LISTING = ['Filter', 'MaxResults', 'NextToken'] as const

/** The services of the caller, in its region, that are seen by now. */
export function ownServices({ world, caller, now }: Work): EndpointService[] {
  return [...world.services.values()].filter((service) => {
    return isOf(caller, service) && service.visibleAt <= now.getTime()
  })
}

/** A service of the caller. Throws `InvalidVpcEndpointServiceId.NotFound`. */
export function ownService(work: Work, id: string): EndpointService {
  const found = ownServices(work).find((service) => service.id === id)
  if (!found) throw noService(id)
  return found
}

/** The endpoints that are seen by now. */
export function seenEndpoints({ world, now }: Work): Endpoint[] {
  return [...world.endpoints.values()].filter(({ visibleAt }) => visibleAt <= now.getTime())
}

export function isOf(
  caller: { account: string; region: string },
  thing: { account: string; region: string },
): boolean {
  return thing.account === caller.account && thing.region === caller.region
}

/** Does something with each id, and lists those with which it could not be done, as AWS does inside a 200. */
export function forEachId(
  { form, failing }: Work,
  member: string,
  change: (id: string) => void,
): { unsuccessful: XmlValue } {
  const unsuccessful = form.fullList(member).flatMap((id) => {
    try {
      const code = failing(id)
      if (code !== undefined) throw new Ec2Error(code, 'A fault on command')
      change(id)
      return []
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error
      return [{ resourceId: id, error: { code: error.code, message: error.message } }]
    }
  })
  return { unsuccessful }
}

/** What was made for the token of this call, or what is made now. Throws `IdempotentParameterMismatch`. */
export function oncePerToken<T extends { id: string }>(
  { form, world, caller }: Work,
  existing: Map<string, T>,
  make: () => T,
): T {
  const token = form.optionalText('ClientToken')
  if (token === undefined) return make()
  if (!/^[\x21-\x7e]{1,64}$/.test(token))
    throw new Ec2Error('InvalidParameterValue', 'ClientToken is invalid')
  const key = [caller.account, caller.region, form.text('Action'), token].join(' ')
  const before = world.tokens.get(key)
  const made = before && existing.get(before.id)
  if (made && before.parameters !== form.all()) {
    throw new Ec2Error('IdempotentParameterMismatch', 'The client token was used with other parameters')
  }
  const thing = made ?? make()
  world.tokens.set(key, { id: thing.id, parameters: form.all() })
  return thing
}

export function tagSet(tags: Readonly<Record<string, string>>): XmlValue {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}
