import { keyring } from './keyring.ts'
import { isVariable, readOptions } from './options.ts'
import { ownKeys } from './own-keys.ts'
import { readRing } from './read-ring.ts'
import type { Outside } from './refresh/ask.ts'
import { checkRefresh } from './refresh/check-refresh.ts'
import type { Keyring } from './ring-facade.ts'
import { SecureKeyError } from './secure-key-error.ts'

/** 0: all is well. 1: the keys are good, and the keyring is ignored. 2: an app would not start, or this was asked wrongly. */
export type CheckResult = { out: string; err: string; code: 0 | 1 | 2 }

const USAGE = `securekey check [VARIABLE]

Checks the keys of an app as a library does at the app's start, and never prints a key. VARIABLE is the config var, SECURE_KEY
if it is not given. If SECURE_KEY_URL or SECURE_KEY_TOKEN is set, it asks the service once for the keys. Ends with 0 if all is
well, with 1 if the keys are good but the keyring is ignored or the service did not bring keys, and with 2 if an app would not
start.

securekey new [VARIABLE]

Prints two fresh keys and their keyring as lines of a .env file, for a machine where the add-on is not.
`

/** The program, from its arguments to what it prints. */
export async function check(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  now: () => number,
  randomBytes: (count: number) => Buffer,
  outside: Partial<Outside> = {},
): Promise<CheckResult> {
  const [command, variable = 'SECURE_KEY', ...more] = args
  if (args.includes('--help') || args.includes('-h')) return { out: USAGE, err: '', code: 0 }
  if (command === 'new' && more.length === 0 && isVariable(variable)) {
    return { out: ownKeys(randomBytes, variable, now()), err: '', code: 0 }
  }
  if (command !== 'check' || more.length > 0) return { out: '', err: USAGE, code: 2 }
  const warnings: string[] = []
  try {
    const options = {
      var: variable,
      env,
      now,
      onWarning: (_: string, message: string) => warnings.push(message),
    }
    const ring = keyring(options)
    const held = readRing(readOptions({ ...options, onWarning: () => {} }))
    const refresh = await checkRefresh(held, variable, env, outside)
    if (refresh && !refresh.works) warnings.push(refresh.line)
    return {
      out: described(ring, variable) + (refresh?.works ? `${refresh.line}\n` : ''),
      err: warnings.map((warning) => `${warning}\n`).join(''),
      code: warnings.length > 0 ? 1 : 0,
    }
  } catch (error) {
    if (!(error instanceof SecureKeyError)) throw error
    if (error.place === 'var')
      return { out: '', err: `VARIABLE is not the name of a config var.\n\n${USAGE}`, code: 2 }
    return { out: '', err: `${error.message}\n`, code: 2 }
  }
}

function described(
  { keys, guaranteedLife, reason, rotatedAt, nextRotationAt }: Keyring,
  variable: string,
): string {
  const rows = keys.map(({ kid, use, version, until }) => [
    kid,
    use,
    version === undefined ? '-' : String(version),
    until?.toISOString() ?? '-',
  ])
  const lines = [
    `The keys of ${variable}, newest first:`,
    ...[['kid', 'use', 'version', 'until'], ...rows].map(inColumns),
    `A signature is good for ${guaranteedLife} seconds at least.`,
  ]
  if (rotatedAt) lines.push(`Published at ${rotatedAt.toISOString()} (${reason}).`)
  if (nextRotationAt) lines.push(`Next rotation at ${nextRotationAt.toISOString()}.`)
  return lines.map((line) => `${line}\n`).join('')
}

function inColumns([kid = '', use = '', version = '', until = '']: readonly string[]): string {
  return `  ${kid.padEnd(10)}${use.padEnd(8)}${version.padEnd(9)}${until}`
}
