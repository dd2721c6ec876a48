import { createHash } from 'node:crypto'
import { type Keyring, keyring } from '../../../../clients/node/src/index.ts'
import type { KeyringOptions } from '../../../../clients/node/src/options.ts'

/** The key of a version, the same in each run. */
export function keyText(version: number): string {
  return createHash('sha256').update(`key ${version}`).digest('hex').toUpperCase()
}

export function kidOf(version: number): string {
  return createHash('sha256').update(keyText(version)).digest('hex').slice(0, 8)
}

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** When the pair of the examples was published. */
export const ROTATED = Date.parse('2026-03-03T12:00:00.000Z')

export const iso = (ms: number) => new Date(ms).toISOString()

export type Entry = Record<string, unknown>

export const entry = {
  sign: (version: number): Entry => ({ kid: kidOf(version), version, use: 'sign', until: null }),
  verify: (version: number, until = ROTATED + 14 * DAY): Entry => ({
    kid: kidOf(version),
    version,
    use: 'verify',
    until: iso(until),
  }),
  further: (version: number, until: number): Entry => ({
    ...entry.verify(version, until),
    key: keyText(version),
  }),
  next: (version: number): Entry => ({
    kid: kidOf(version),
    version,
    use: 'next',
    until: null,
    key: keyText(version),
  }),
}

/** A keyring as a fortnightly add-on has it after a rotation: version 5 signs, version 4 is accepted. */
export function keyringBody(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    keys: [entry.sign(5), entry.verify(4)],
    reason: 'scheduled',
    rotated_at: iso(ROTATED),
    next_rotation_at: iso(ROTATED + 14 * DAY),
    good_for: 604_800,
    mac: '1.0.k1.mac',
    ...change,
  }
}

export const PAIR = `${keyText(5)},${keyText(4)}`

export type World = {
  pair?: string
  /** Changes of the usual keyring, its whole text, or none at all. */
  told?: Record<string, unknown> | string | null
  /** Milliseconds after the rotation; the process starts then, too. */
  at?: number
  startedAt?: number
}

/** A ring of a process that started when the clock says, and the clock itself. */
export function ringAt(
  { pair = PAIR, told = {}, at = HOUR, startedAt = at }: World = {},
  options: KeyringOptions = {},
) {
  const clock = { ms: ROTATED + at }
  const keyringValue = typeof told === 'string' ? told : JSON.stringify(keyringBody(told ?? {}))
  const warnings: { code: string; message: string }[] = []
  const ring: Keyring = keyring({
    value: pair,
    ...(told !== null && { keyringValue }),
    now: () => clock.ms,
    startedAt: ROTATED + startedAt,
    onWarning: (code, message) => warnings.push({ code, message }),
    ...options,
  })
  return { ring, clock, warnings }
}

/** What `work` throws. */
export function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
