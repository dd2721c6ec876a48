/**
 * How the config vars of endpoints are at Heroku: each under a name of its own, or all in one that the manifest declares,
 * because Heroku has refused a name that it does not. `sent`: when Heroku was last told of changes, the latest last.
 */
export type PublishedEndpoints = {
  how: 'each' | 'together'
  vars: Readonly<Record<string, string>>
  sent?: readonly string[]
}

/** So many endpoints of an add-on have a config var: an app has room for 32 kB of them. */
export const MOST_ENDPOINT_VARS = 50

/** So many changes a day reach the apps at once, and one an hour beyond them: each restarts all apps. */
const FREE_CHANGES = 10
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Whether a change may be told now: an endpoint that comes and goes for ever must not restart the apps for ever. */
export function mayTellChange({ sent = [] }: PublishedEndpoints, now: Date): boolean {
  const [first, last] = [sent.at(-FREE_CHANGES), sent.at(-1)].map(
    (each) => now.getTime() - Date.parse(each ?? ''),
  )
  // A clock that was put back holds nobody up.
  return !first || !last || first >= DAY_MS || last >= HOUR_MS || last < 0
}

/** The same with one change more. */
export function withChange(published: PublishedEndpoints, at: Date): PublishedEndpoints {
  return { ...published, sent: [...(published.sent ?? []), at.toISOString()].slice(-FREE_CHANGES) }
}

/** The name of the config var of an endpoint: of `vpce-01c87ae3c05563935`, `SECURE_ENDPOINT_01C87AE3C05563935_URL`. */
export function endpointVarName(prefix: string, endpointId: string): string {
  const id = endpointId.slice(endpointId.indexOf('-') + 1)
  // Ids of before 2018 have eight digits.
  return `${prefix}_ENDPOINT_${id.slice(-17).toUpperCase()}_URL`
}

/** The name of the declared config var that holds those of all endpoints as JSON. */
export function endpointsVarName(prefix: string): string {
  return `${prefix}_ENDPOINTS`
}

/** The config vars as Heroku has them. */
export function varsAtHeroku({ how, vars }: PublishedEndpoints, prefix: string): Record<string, string> {
  if (how === 'each' || Object.keys(vars).length === 0) return { ...vars }
  const sorted = Object.fromEntries(Object.entries(vars).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { [endpointsVarName(prefix)]: JSON.stringify(sorted) }
}

/** What to send so that `to` is there in place of `from`; null unsets. Nothing of what is right already. */
export function changesOf(
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const set = Object.entries(to).filter(([name, value]) => from[name] !== value)
  const unset = Object.keys(from).filter((name) => !(name in to))
  return Object.fromEntries([...set, ...unset.map((name) => [name, null] as const)])
}
