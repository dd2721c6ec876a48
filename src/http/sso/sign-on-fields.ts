import { parseResourceId } from '../../domain/resource-id.ts'
import type { SignOnFields } from '../../domain/sso.ts'

/** Sign-ons per minute from one address: an office behind one address is well below it, a guesser gets nowhere. */
export const SIGN_ONS_PER_MINUTE = 60

/** The fields of a form or a query, whatever was sent. */
export function fieldsOf(body: unknown): SignOnFields {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** Which resource a form claims to be about: for the log. */
export function resourceIdIn({ resource_id, id }: SignOnFields): string | undefined {
  const claimed = resource_id ?? id
  return typeof claimed === 'string' ? parseResourceId(claimed) : undefined
}
