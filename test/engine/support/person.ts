import { resourceToken } from '../../../simulator/src/sso-token.ts'
import { signOn } from '../../../src/flows/dashboard/sign-on.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { SSO_SALT } from '../../support/harness.ts'

/** Signs a person on by the form that Heroku's site made at that moment. */
export async function signOnBy(deps: Deps, addonId: string, madeAt: Date) {
  const timestamp = String(Math.floor(madeAt.getTime() / 1_000))
  const token = resourceToken(addonId, SSO_SALT, timestamp)
  const fields = { resource_id: addonId, resource_token: token, timestamp }
  return await signOn(deps, { fields, salt: SSO_SALT, address: null, sessionOf: () => undefined })
}
