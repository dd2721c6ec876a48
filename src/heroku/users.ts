import { isAddonIdentifier } from '../domain/addon-identifier.ts'
import type { SendRequest } from './send-request.ts'

/** A person as Heroku names the owner of a token. */
export type HerokuUser = { id: string; email: string | null }

/**
 * What Heroku says of a person's own token and of the add-on that was named.
 * - `may`: it reaches the add-on of that id. `user`: whose it is; null where Heroku does not tell, or was not asked
 * - `wrong-token`: Heroku does not take it
 * - `unknown`: there is no such add-on, or the token does not reach it: Heroku says the same of both
 * - `read-only`: it reaches the add-on, but may not read its config
 * - `not-now`: Heroku was not asked, or said neither yes nor no
 */
export type TokenVerdict =
  | { verdict: 'may'; addonId: string; user: HerokuUser | null }
  | { verdict: 'wrong-token' | 'unknown' | 'read-only' }
  | { verdict: 'not-now'; detail: string }

/** Asks Heroku what a person may do, by that person's own token, which goes nowhere else and is never kept. */
export type HerokuUsers = {
  /** Never throws. `addon`: a name or id. */
  ask: (asked: { token: string; addon: string; toChange: boolean }) => Promise<TokenVerdict>
}

export type HerokuUsersOptions = {
  baseUrl: string
  /** Bounded in time, and following no redirect: the token would go with it. */
  sendRequest: SendRequest
  userAgent: string
  /** Milliseconds of a clock that never jumps. */
  steadyMs: () => number
}

/** Of this process and at a time: a Heroku that hangs must not pile requests up. */
const MOST_AT_A_TIME = 10
/** Of this process: nobody tries tokens at Heroku through us, or spends what rotations need. */
const ASKED_PER_SECOND = 10
const ASKED_AT_ONCE = 60

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const LONGEST_ID = 64
const TOLD = [200, 401, 403, 404]

/**
 * Which add-on a name means is Heroku's to say, not ours: what we know of names may be out of date, and a look-up here would
 * tell by its time which there are. To change something takes more than a look at the add-on, which Heroku gives to tokens
 * that may only read: who reads the add-on's config has its keys, and PrivateLink gives no more than these.
 */
export function createHerokuUsers(options: HerokuUsersOptions): HerokuUsers {
  const { sendRequest, userAgent, steadyMs } = options
  const { origin } = new URL(options.baseUrl)
  let underWay = 0
  let left = ASKED_AT_ONCE
  let countedAtMs = steadyMs()

  function isPermitted(): boolean {
    const nowMs = steadyMs()
    const gained = ((nowMs - countedAtMs) / 1_000) * ASKED_PER_SECOND
    left = Math.min(ASKED_AT_ONCE, left + Math.max(0, gained))
    countedAtMs = nowMs
    if (underWay >= MOST_AT_A_TIME || left < 1) return false
    left -= 1
    return true
  }

  async function get(path: string, token: string): Promise<{ status: number; text: string }> {
    const headers = {
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${token}`,
      'user-agent': userAgent,
    }
    try {
      return await sendRequest({ origin, method: 'GET', path, headers, body: null }, undefined)
    } catch {
      return { status: 0, text: '' }
    }
  }

  async function reach(token: string, addon: string): Promise<TokenVerdict> {
    const { status, text } = await get(`/addons/${addon}`, token)
    if (!TOLD.includes(status)) return notNow(status)
    if (status === 401) return { verdict: 'wrong-token' }
    if (status !== 200) return { verdict: 'unknown' }
    const told = objectOf(text)
    if (!told) return NO_JSON
    const id = String(told.id).toLowerCase()
    // An answer about anything but what was asked for permits nothing.
    const isMeant = UUID.test(id) && (told.name === addon || id === addon.toLowerCase())
    return isMeant ? { verdict: 'may', addonId: id, user: null } : { verdict: 'unknown' }
  }

  async function change(token: string, addonId: string): Promise<TokenVerdict> {
    const [config, account] = await Promise.all([
      get(`/addons/${addonId}/config`, token),
      get('/account', token),
    ])
    for (const { status } of [config, account]) if (!TOLD.includes(status)) return notNow(status)
    if (config.status === 401) return { verdict: 'wrong-token' }
    if (config.status !== 200) return { verdict: 'read-only' }
    const told = account.status === 200 ? objectOf(account.text) : {}
    // A maintenance page may come with status 200 too.
    return told && Array.isArray(objectOf(config.text))
      ? { verdict: 'may', addonId, user: userOf(told) }
      : NO_JSON
  }

  return {
    async ask({ token, addon, toChange }) {
      // Anything else would be another path.
      if (!isAddonIdentifier(addon)) return { verdict: 'unknown' }
      if (!isPermitted()) return { verdict: 'not-now', detail: 'too many ask at the moment' }
      underWay += 1
      try {
        const reached = await reach(token, addon)
        return toChange && reached.verdict === 'may' ? await change(token, reached.addonId) : reached
      } finally {
        underWay -= 1
      }
    },
  }
}

const NO_JSON: TokenVerdict = { verdict: 'not-now', detail: 'Heroku answered with no JSON' }

function userOf({ id, email }: Record<string, unknown>): HerokuUser | null {
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) return null
  return { id, email: typeof email === 'string' && email !== '' ? email : null }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function notNow(status: number): TokenVerdict {
  return { verdict: 'not-now', detail: status === 0 ? 'no answer of Heroku' : `Heroku answered ${status}` }
}
