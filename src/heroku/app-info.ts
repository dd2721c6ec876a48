import { type ConfigVarNames, type HeldConfig, readAddonConfig } from './addon-config.ts'

/** More vars than this in one answer are none of an add-on's config. */
const MOST_VARS = 100

/**
 * Reads the two config vars out of app info (Add-on Provider App Info API): an object `config`, alone or in the first of
 * `apps`; by full manifest names, by suffixes, or by the names that an attachment gave them, since all three were seen.
 * Undefined when there is no such object: what cannot be read must not be taken for a config var that is gone.
 */
export function readAppInfo(body: unknown, names: ConfigVarNames): HeldConfig | undefined {
  const { config: given, apps } = objectOf(body) ?? {}
  const [first] = Array.isArray(apps) ? apps : []
  const config = objectOf(given) ?? objectOf(objectOf(first)?.config)
  if (!config) return undefined
  const items = Object.entries(config)
    .slice(0, MOST_VARS)
    .map(([name, value]) => ({ name, value }))
  return readAddonConfig([...items, ...underOwnNames(items, names)], names)
}

/** Where the log of the owning app is written to; null: it has no log input. The address holds credentials. */
export function readLogInputOfApp(body: unknown): string | null {
  const { log_input_url: url } = objectOf(body) ?? {}
  return typeof url === 'string' && url.length <= LONGEST_URL ? url : null
}

const LONGEST_URL = 2_000

type Item = { name: string; value: unknown }

/** The keyring that stands under the name of an attachment alone. A pair of keys is known by its form. */
function underOwnNames(items: readonly Item[], { keyringVar, configVarsPrefix }: ConfigVarNames): Item[] {
  const suffix = keyringVar.slice(configVarsPrefix.length + 1)
  const isNamed = items.some(({ name }) => [keyringVar, suffix].includes(name.toUpperCase()))
  const attached = items.filter(({ name }) => name.toUpperCase().endsWith(`_${suffix}`))
  const [only] = attached
  return !isNamed && only && attached.length === 1 ? [{ name: keyringVar, value: only.value }] : []
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
