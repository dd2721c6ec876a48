import { keyOf } from './secure-key.ts'

const PERIOD_MS = 14 * 86_400_000
const GOOD_FOR_S = 604_800

/**
 * Both variables with two fresh keys, as lines of a `.env` file, for a machine where the add-on is not. They are of the form in
 * which the service publishes a new add-on: the second key is one that nobody signs with.
 */
export function ownKeys(randomBytes: (count: number) => Buffer, variable: string, nowMs: number): string {
  const [first, second] = [keyText(randomBytes), keyText(randomBytes)]
  const keyring = {
    v: 1,
    keys: [{ kid: keyOf(first).kid, version: 2, use: 'sign', until: null }],
    reason: 'provision',
    rotated_at: new Date(nowMs).toISOString(),
    next_rotation_at: new Date(nowMs + PERIOD_MS).toISOString(),
    good_for: GOOD_FOR_S,
  }
  return `${variable}=${first},${second}\n${variable}RING='${JSON.stringify(keyring)}'\n`
}

function keyText(randomBytes: (count: number) => Buffer): string {
  return randomBytes(32).toString('hex').toUpperCase()
}
