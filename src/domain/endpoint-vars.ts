/**
 * How the config vars of endpoints are at Heroku: each under a name of its own, or all in one that the manifest declares,
 * because Heroku has refused a name that it does not.
 */
export type PublishedEndpoints = { how: 'each' | 'together'; vars: Readonly<Record<string, string>> }

/** So many endpoints of an add-on have a config var: an app has room for 32 kB of them. */
export const MOST_ENDPOINT_VARS = 50

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
