import { objectFrom, optionalText } from './fields.ts'
import { movedUrl } from './moved-url.ts'
import { inCapitals } from './names.ts'
import type { AddonOptions } from './options.ts'

/** What Heroku knows of an add-on beside its manifest: the portal's part, and where the service runs today. */
export type PortalOptions = {
  /** The OAuth client secret. */
  clientSecret: string
  /** Plans are made in the portal; every add-on begins with `test`. */
  plans?: string[]
  /** In the place of `api.password` and `api.sso_salt`, for a manifest that is kept without secrets. */
  password?: string
  ssoSalt?: string
  /** Where the service listens, in the place of the host in the manifest's addresses; their paths stay. */
  serviceUrl?: string
}

/** A manifest that Heroku would not take; `problems` names everything that is wrong with it. */
export class ManifestError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The manifest cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ManifestError'
    this.problems = problems
  }
}

const RESOURCES_PATH = '/heroku/resources'

/**
 * The add-on that an `addon-manifest.json` describes ("Add-on Manifest"): the parsed file, plus what the portal adds.
 * The addresses are those under `api.test`, or under `api.production` where there is no `test`.
 */
export function addonFromManifest(manifest: unknown, portal: PortalOptions): AddonOptions {
  const problems: string[] = []
  const { id, ...rest } = objectFrom(manifest)
  const api = objectFrom(rest.api)
  const required = (name: string, value: unknown, instead = ''): string => {
    if (typeof value === 'string' && value.trim() !== '') return value
    problems.push(`${name} is missing${instead}`)
    return ''
  }
  const slug = required('id', id)
  const prefix = optionalText(api, 'config_vars_prefix') ?? inCapitals(slug)
  const environment = api.test === undefined ? 'production' : 'test'
  const urls = objectFrom(api[environment])
  const url = (name: 'base_url' | 'sso_url') => {
    const text = required(`api.${environment}.${name}`, urls[name])
    if (text !== '' && !URL.canParse(text)) problems.push(`api.${environment}.${name} is not a URL`)
    if (!URL.canParse(text)) return ''
    return portal.serviceUrl === undefined ? text : movedUrl(text, portal.serviceUrl)
  }
  const addon: AddonOptions = {
    id: slug,
    prefix,
    configVars: configVars(api.config_vars, prefix, problems),
    baseUrl: withResourcesPath(url('base_url')),
    ssoUrl: url('sso_url'),
    password: portal.password ?? required('api.password', api.password, ', and no other password is given'),
    ssoSalt: portal.ssoSalt ?? required('api.sso_salt', api.sso_salt, ', and no other salt is given'),
    clientSecret: portal.clientSecret,
    plans: portal.plans ?? ['test'],
  }
  if (problems.length > 0) throw new ManifestError(problems)
  return addon
}

function configVars(value: unknown, prefix: string, problems: string[]): string[] {
  const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
  if (names.length === 0) problems.push('api.config_vars names no config var')
  for (const name of names) {
    if (!/^[A-Z][0-9A-Z_]*$/.test(name) || !name.startsWith(`${prefix}_`)) {
      problems.push(
        `api.config_vars: "${name}" must be capital letters, digits and _, and begin with ${prefix}_`,
      )
    }
  }
  return names
}

/** Heroku adds the path where it is missing. */
function withResourcesPath(url: string): string {
  const trimmed = url.replace(/\/+$/, '')
  return trimmed === '' || trimmed.endsWith(RESOURCES_PATH) ? trimmed : `${trimmed}${RESOURCES_PATH}`
}
