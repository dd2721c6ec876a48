import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { addonFromManifest, ManifestError } from './manifest.ts'
import type { AddonOptions } from './options.ts'

const HELP = `heroku-addon-simulator: a stand-in for Heroku, beside which an add-on's service can run

  --manifest FILE        the add-on's manifest (addon-manifest.json)
  --service-url URL      where the add-on's service listens (the addresses under "test" in the manifest)
  --client-secret TEXT   the add-on's OAuth client secret; required
  --plans LIST           the plans on offer, separated by commas (test)
  --password TEXT        the password of Heroku's calls to the service (api.password of the manifest)
  --sso-salt TEXT        the salt of single sign-on (api.sso_salt of the manifest)
  --port NUMBER          where Heroku listens (5100)
  --host ADDRESS         on which address (127.0.0.1)
  --state FILE           keeps apps and add-ons between runs; without it Heroku forgets them
  --help                 this text

Each of them can also be set in the environment: --client-secret is SIMULATOR_CLIENT_SECRET, and so on.
A flag counts before the environment.
`

const FLAGS = [
  'manifest',
  'service-url',
  'client-secret',
  'plans',
  'password',
  'sso-salt',
  'port',
  'host',
  'state',
] as const
type Flag = (typeof FLAGS)[number]

/** What the program was asked for: a simulator, the help text, or nothing that can be done. */
export type ProgramRequest =
  | { settings: ProgramSettings }
  | { help: string }
  | { problems: readonly string[] }

export type ProgramSettings = { host: string; port: number; addon: AddonOptions; statePath?: string }

/** Reads the flags, then the environment; every problem is found at once. No secret is quoted. */
export function readProgramSettings(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ProgramRequest {
  const flags = parse(words)
  if ('problem' in flags) return { problems: [flags.problem] }
  if (flags.help) return { help: HELP }
  const given = (flag: Flag): string | undefined =>
    flags.values[flag] ?? (env[`SIMULATOR_${flag.toUpperCase().replaceAll('-', '_')}`]?.trim() || undefined)

  const problems: string[] = []
  const port = portFrom(given('port') ?? '5100', problems)
  const addon = addonFrom(given, problems)
  if (problems.length > 0 || addon === undefined) return { problems }
  const statePath = given('state')
  const host = given('host') ?? '127.0.0.1'
  return { settings: { host, port, addon, ...(statePath !== undefined && { statePath }) } }
}

function parse(
  words: readonly string[],
): { values: Partial<Record<string, string>>; help: boolean } | { problem: string } {
  const texts = Object.fromEntries(FLAGS.map((flag) => [flag, { type: 'string' } as const]))
  try {
    const options = { ...texts, help: { type: 'boolean', short: 'h' } as const }
    const { help, ...values } = parseArgs({ args: [...words], options }).values
    return { values, help: help === true }
  } catch (error) {
    // parseArgs says which word it does not know.
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function portFrom(text: string, problems: string[]): number {
  const port = Number(text)
  if (!/^[0-9]+$/.test(text) || port > 65_535) problems.push('--port must be a number from 0 to 65535')
  return port
}

function addonFrom(given: (flag: Flag) => string | undefined, problems: string[]): AddonOptions | undefined {
  const [serviceUrl, password, ssoSalt] = [given('service-url'), given('password'), given('sso-salt')]
  const clientSecret = given('client-secret')
  const plans = given('plans')
    ?.split(',')
    .map((plan) => plan.trim())
  if (clientSecret === undefined) problems.push('--client-secret is missing')
  if (plans?.some((plan) => plan === '')) problems.push('--plans must be names separated by commas')
  if (serviceUrl !== undefined && !isHttpUrl(serviceUrl)) {
    problems.push('--service-url must be an http or https URL')
    return undefined
  }
  try {
    return addonFromManifest(readManifest(given('manifest') ?? 'addon-manifest.json'), {
      clientSecret: clientSecret ?? '',
      ...(plans !== undefined && { plans }),
      ...(serviceUrl !== undefined && { serviceUrl }),
      ...(password !== undefined && { password }),
      ...(ssoSalt !== undefined && { ssoSalt }),
    })
  } catch (error) {
    if (error instanceof ManifestError)
      problems.push(...error.problems.map((each) => `the manifest: ${each}`))
    else problems.push(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

function readManifest(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`--manifest: ${path} cannot be read`, { cause: error })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`--manifest: ${path} is not JSON`, { cause: error })
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}
