import type { SignOnFields } from '../../domain/sso.ts'

/** Sign-ons per minute from one address: an office behind one address is well below it, a guesser gets nowhere. */
export const SIGN_ONS_PER_MINUTE = 60

/** The fields of a form or a query, whatever was sent. */
export function fieldsOf(body: unknown): SignOnFields {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}
