import type { Heroku } from './heroku.ts'
import { forbidden, HerokuError, unauthorized } from './heroku-error.ts'
import type { AddOn, Grant } from './world.ts'

const GRANT_LIFE_MS = 5 * 60 * 1000
const ACCESS_TOKEN_LIFE_S = 28_799

/**
 * Every token starts so. An unknown credential of this look is a partner's from an earlier run, hence 401, where any
 * other credential passes for a customer.
 */
export const TOKEN_PREFIX = 'HRKU-SIM-'

/** What id.heroku.com answers to a good request. */
export type TokenAnswer = {
  access_token: string
  expires_in: number
  refresh_token: string
  token_type: 'Bearer'
  user_id: string
  session_nonce: null
}

/** Makes the grant that goes out with a provision request: one code, good for 5 minutes. */
export function issueGrant(heroku: Heroku, addon: AddOn): Grant {
  const expiresAt = new Date(heroku.now().getTime() + GRANT_LIFE_MS).toISOString()
  const grant = { code: heroku.random.uuid(), addonId: addon.id, expiresAt, used: false }
  heroku.world.grants.set(grant.code, grant)
  return grant
}

/** Answers `POST /oauth/token` (OAuth article): a code is taken once, a refresh token as often as one likes. */
export function requestTokens(heroku: Heroku, request: Record<string, string>): TokenAnswer {
  if (request.client_secret !== heroku.settings.addon.clientSecret)
    throw unauthorized('Invalid client secret.')
  const grantType = request.grant_type ?? 'authorization_code'
  if (grantType === 'authorization_code') return exchangeCode(heroku, request.code ?? '')
  if (grantType === 'refresh_token') return refresh(heroku, request.refresh_token ?? '')
  throw new HerokuError(400, 'bad_request', `Unknown grant_type ${grantType}.`)
}

/** Whose access token this is, expired and revoked ones included; undefined when it was never issued. */
export function tokenHolder(heroku: Heroku, token: string): AddOn | undefined {
  const known = heroku.world.accessTokens.get(token)
  return known && heroku.world.addons.get(known.addonId)
}

/** Refuses a token that is unknown, expired or revoked with 401. */
export function checkAccessToken(heroku: Heroku, token: string): void {
  const known = heroku.world.accessTokens.get(token)
  if (known === undefined || known.revoked) throw unauthorized()
  if (heroku.now().getTime() >= Date.parse(known.expiresAt))
    throw unauthorized('The access token has expired.')
}

/** Kills the access tokens of one add-on, or of all; the refresh tokens too when asked. */
export function revokeTokens(heroku: Heroku, which: { addonId?: string; refreshTokens: boolean }): void {
  const { accessTokens, refreshTokens } = heroku.world
  const doomed = [...accessTokens.values(), ...(which.refreshTokens ? refreshTokens.values() : [])]
  for (const token of doomed) {
    if (which.addonId === undefined || token.addonId === which.addonId) token.revoked = true
  }
}

function exchangeCode(heroku: Heroku, code: string): TokenAnswer {
  const grant = heroku.world.grants.get(code)
  const expired = grant !== undefined && heroku.now().getTime() >= Date.parse(grant.expiresAt)
  if (grant === undefined || grant.used || expired)
    throw forbidden('That grant code is unknown, used or expired.')
  checkResource(heroku, grant.addonId)
  grant.used = true
  return issueTokens(heroku, grant.addonId)
}

function refresh(heroku: Heroku, token: string): TokenAnswer {
  const known = heroku.world.refreshTokens.get(token)
  if (known === undefined || known.revoked) throw forbidden('That refresh token is unknown or revoked.')
  checkResource(heroku, known.addonId)
  if (!heroku.settings.refreshTokensRotate) return issueTokens(heroku, known.addonId, token)
  known.revoked = true
  return issueTokens(heroku, known.addonId)
}

function checkResource(heroku: Heroku, addonId: string): void {
  const addon = heroku.world.addons.get(addonId)
  if (addon === undefined || addon.state === 'deprovisioned')
    throw forbidden('The resource of that token is gone.')
}

function issueTokens(heroku: Heroku, addonId: string, refreshToken?: string): TokenAnswer {
  const { world, random } = heroku
  const expiresAt = new Date(heroku.now().getTime() + ACCESS_TOKEN_LIFE_S * 1000).toISOString()
  const access = { token: TOKEN_PREFIX + random.uuid(), addonId, expiresAt, revoked: false }
  world.accessTokens.set(access.token, access)
  const kept = refreshToken ?? random.uuid()
  if (refreshToken === undefined) world.refreshTokens.set(kept, { token: kept, addonId, revoked: false })
  return {
    access_token: access.token,
    expires_in: ACCESS_TOKEN_LIFE_S,
    refresh_token: kept,
    token_type: 'Bearer',
    user_id: world.customer.id,
    session_nonce: null,
  }
}
