import { parseSecureKeyValue } from '../domain/config-vars.ts'

/** The names of the two config vars in the manifest, and the prefix that Heroku takes off on an app. */
export type ConfigVarNames = { configVar: string; keyringVar: string; configVarsPrefix: string }

/** What Heroku holds of the two; null for one that is not set. */
export type HeldConfig = { pair: string | null; keyring: string | null }

/** More items than this in one answer are none of an add-on's config. */
const MOST_ITEMS = 100

/**
 * Reads the config of an add-on from an answer of Heroku's. Neither the form of the names nor that of the list is
 * documented (contract 13.4), so: a list of `{name, value}` in any order, alone or under `config`, or an object of
 * values by name; full manifest names or suffixes, in any case; items of no concern are passed over. Undefined when
 * the answer is none of these: what cannot be read must not be taken for a config var that is gone.
 */
export function readAddonConfig(body: unknown, names: ConfigVarNames): HeldConfig | undefined {
  const values = itemsOf(body)
  if (!values) return undefined
  // A list may be empty. An object that names none of them is some other answer.
  if (!Array.isArray(body) && !values.some(({ name }) => isNamed(name, names))) return undefined
  // A list of things in another form.
  if (Array.isArray(body) && body.length > 0 && values.length === 0) return undefined
  if (values.some((item) => item.value === undefined && isNamed(item.name, names))) return undefined
  return {
    pair: readValue(values, names.configVar, names),
    keyring: readValue(values, names.keyringVar, names),
  }
}

/**
 * Reads the config vars of endpoints from the same answer, by their full names: those that are set, whether each has a name of
 * its own or one holds all. Undefined for an answer that is none.
 */
export function readEndpointVars(body: unknown, { configVarsPrefix }: ConfigVarNames) {
  const values = itemsOf(body)
  if (!values) return undefined
  const found: Record<string, string> = {}
  for (const { name, value } of values) {
    const upper = name.toUpperCase()
    const full = upper.startsWith(`${configVarsPrefix}_`) ? upper : `${configVarsPrefix}_${upper}`
    const isOne = /^ENDPOINT(S|_[0-9A-Z]+_URL)$/.test(full.slice(configVarsPrefix.length + 1))
    if (isOne && typeof value === 'string' && value !== '') found[full] = value
  }
  return found
}

/** Whether the answer shows exactly this value, under whatever name and in whatever form. */
export function showsValue(body: unknown, value: string): boolean {
  return JSON.stringify(body)?.includes(JSON.stringify(value)) ?? false
}

function isNamed(given: string, names: ConfigVarNames): boolean {
  const name = given.toUpperCase()
  const suffixAt = names.configVarsPrefix.length + 1
  return [names.configVar, names.keyringVar].some((each) => name === each || name === each.slice(suffixAt))
}

/** `value` is undefined where it is neither text nor null. */
type Item = { name: string; value: string | null | undefined }

function readValue(values: readonly Item[], name: string, names: ConfigVarNames): string | null {
  const suffix = name.slice(names.configVarsPrefix.length + 1)
  for (const wanted of [name, suffix]) {
    const item = values.find((each) => each.name.toUpperCase() === wanted)
    if (item) return item.value ?? null
  }
  if (name !== names.configVar) return null
  // Under a name that we do not know, such as an attachment's, a pair of keys is still one.
  const pairs = values.filter(({ value }) => typeof value === 'string' && parseSecureKeyValue(value))
  return pairs.length === 1 ? (pairs[0]?.value ?? null) : null
}

function itemsOf(body: unknown): Item[] | undefined {
  if (Array.isArray(body)) return body.slice(0, MOST_ITEMS).flatMap(readItem)
  if (typeof body !== 'object' || body === null) return undefined
  const inside = 'config' in body ? body.config : 'config_vars' in body ? body.config_vars : undefined
  if (typeof inside === 'object' && inside !== null) return itemsOf(inside)
  return Object.entries(body)
    .slice(0, MOST_ITEMS)
    .flatMap(([name, value]) => readItem({ name, value }))
}

function readItem(item: unknown): Item[] {
  if (typeof item !== 'object' || item === null || !('name' in item) || typeof item.name !== 'string')
    return []
  const value = 'value' in item ? item.value : null
  return [{ name: item.name, value: typeof value === 'string' || value === null ? value : undefined }]
}
