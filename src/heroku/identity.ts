import type { HerokuResult } from '../domain/heroku-failure.ts'
import type { HerokuCall } from './call.ts'

/** Tokens as Heroku hands them out. `refreshToken` is null when an answer to a refresh holds none. */
export type Tokens = { accessToken: string; refreshToken: string | null; expiresInSeconds: number }

/**
 * id.heroku.com, as far as a partner uses it (Platform API for Partners, OAuth). Its calls take no signal: once Heroku
 * has taken a code or replaced a token, an answer that is cut off is lost for good.
 */
export type Identity = {
  /** Turns a grant code into tokens. A code works once and for five minutes. `resourceId` is whose it is. */
  exchangeGrant: (code: string, resourceId?: string) => Promise<HerokuResult<Tokens>>
  refresh: (refreshToken: string, resourceId?: string) => Promise<HerokuResult<Tokens>>
}

/** Taken when an answer does not say how long its token lives: Heroku's are valid for eight hours. */
const DEFAULT_EXPIRES_IN_SECONDS = 28_800
/** A year: a longer life is a mistake, and a date that no calendar holds would lose the tokens. */
const LONGEST_EXPIRES_IN_SECONDS = 31_536_000

/** When a call is made again that waits for the client secret. */
const WITHOUT_SECRET_MS = 60_000

/**
 * `call` goes to id.heroku.com. The parameters go into a form body, since query strings end up in access logs. Without a
 * client secret nothing is sent, and whoever asks is told to come back.
 */
export function createIdentity(call: HerokuCall, clientSecret: string | undefined): Identity {
  async function requestTokens(
    parameters: Record<string, string>,
    resourceId: string | undefined,
  ): Promise<HerokuResult<Tokens>> {
    if (clientSecret === undefined) return { ok: false, failure: WITHOUT_SECRET }
    return await call({
      method: 'POST',
      path: '/oauth/token',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...parameters, client_secret: clientSecret }).toString(),
      read: readTokens,
      ...(resourceId === undefined ? {} : { about: { resourceId, operation: 'token' as const } }),
    })
  }
  return {
    exchangeGrant: (code, resourceId) =>
      requestTokens({ grant_type: 'authorization_code', code }, resourceId),
    refresh: (refreshToken, resourceId) =>
      requestTokens({ grant_type: 'refresh_token', refresh_token: refreshToken }, resourceId),
  }
}

const WITHOUT_SECRET = {
  kind: 'held-back',
  detail: 'ADDON_CLIENT_SECRET is not set',
  retryAfterMs: WITHOUT_SECRET_MS,
} as const

function readTokens(value: unknown): HerokuResult<Tokens> {
  const body = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = body
  if (typeof accessToken !== 'string' || accessToken === '') {
    return { ok: false, failure: { kind: 'unavailable', detail: 'the answer holds no access token' } }
  }
  const seconds = Number(expiresIn)
  return {
    ok: true,
    value: {
      accessToken,
      refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : null,
      expiresInSeconds:
        seconds > 0 && seconds <= LONGEST_EXPIRES_IN_SECONDS ? seconds : DEFAULT_EXPIRES_IN_SECONDS,
    },
  }
}
