import type { Keyset } from './keyset.ts'
import type { RotationReason } from './rotation-reason.ts'

/** What `reason` says in a keyring: why the pair was published. */
export type PublishedReason = RotationReason | 'provision'

/** A key of the keyring. `kid` is its fingerprint. `key` is its text, where `SECURE_KEY` does not hold it. */
export type KeyringKey = {
  kid: string
  version: number
  use: 'sign' | 'verify'
  /** The end of its grace period, as of this release; null for the key that signs. */
  until: Date | null
  key?: string
}

/**
 * What `SECURE_KEYRING` says beside `SECURE_KEY`: which versions its keys are and what each is for. Fillers are left out.
 * Dates are true as of the release that brought them, and are never a reason for another.
 */
export type Keyring = {
  keys: readonly KeyringKey[]
  reason: PublishedReason
  rotatedAt: Date
  nextRotationAt: Date
  /** Of the installation in which it was published. A pair of a higher epoch is the newer one, whatever its versions. */
  epoch: number
  /** Versions up to this one were revoked. */
  revokedTo: number
}

/** The version of the form. Readers ignore a keyring of another. */
const FORM = 1
/** A config var is small, and an app reads it at each start. */
const MOST_KEYS = 8
const LONGEST_TEXT = 4_096

/** What a keyring is made of: the state that is to be true once it is published. */
export type KeyringFacts = {
  keyset: Keyset
  reason: PublishedReason
  rotatedAt: Date
  nextRotationAt: Date
  epoch: number
}

/** The keyring of a keyset. `textOf` returns the text of a live version, `kidOf` the fingerprint of a text. */
export function keyringOf(
  { keyset, ...told }: KeyringFacts,
  textOf: (version: number) => string,
  kidOf: (text: string) => string,
): Keyring {
  const { current, second, older } = keyset
  const known = (version: number) => ({ kid: kidOf(textOf(version)), version })
  const keys: KeyringKey[] = [{ ...known(current), use: 'sign', until: null }]
  if (!second.filler) keys.push({ ...known(second.version), use: 'verify', until: second.until })
  for (const { version, until } of older) {
    keys.push({ ...known(version), use: 'verify', until, key: textOf(version) })
  }
  return { keys: keys.slice(0, MOST_KEYS), ...told, revokedTo: keyset.revokedTo }
}

/** The text of the config var: compact JSON. `mac` is that of `witnessedText`. */
export function keyringText(keyring: Keyring, mac: string): string {
  const { keys, reason, rotatedAt, nextRotationAt, epoch, revokedTo } = keyring
  return JSON.stringify({
    v: FORM,
    keys: keys.map(({ kid, version, use, until, key }) => ({ kid, version, use, until, key })),
    reason,
    rotated_at: rotatedAt,
    next_rotation_at: nextRotationAt,
    mac: `${epoch}.${revokedTo}.${mac}`,
  })
}

/** What the MAC covers: which keys of which add-on, their versions, the epoch, and what was revoked. No dates. */
export function witnessedText(resourceId: string, { keys, epoch, revokedTo }: Keyring): string {
  return `securekey keyring ${FORM} ${resourceId} ${epoch} ${revokedTo} ${keysText(keys)}`
}

/** The keys as the MAC covers them. */
function keysText(keys: readonly KeyringKey[]): string {
  return keys.map(({ kid, version, use }) => `${kid}:${version}:${use}`).join(' ')
}

const KID = /^[0-9a-f]{8}$/
const KEY = /^[0-9A-F]{64}$/
const WITNESS = /^(\d{1,9})\.(\d{1,9})\.(.{1,200})$/
const REASONS: readonly string[] = ['scheduled', 'manual', 'plan-change', 'revoke', 'provision']

/**
 * Reads a keyring that this service may have written, with its MAC. Undefined for anything else: it comes from outside,
 * so every field is checked.
 */
export function readKeyring(text: string | null): { keyring: Keyring; mac: string } | undefined {
  if (text === null || text.length > LONGEST_TEXT) return undefined
  const body = objectOf(parsed(text))
  const list = body?.keys
  const witness = readWitness(body?.mac)
  if (body?.v !== FORM || !witness || !Array.isArray(list)) return undefined
  if (list.length === 0 || list.length > MOST_KEYS) return undefined
  const keys = list.map(readKey)
  const { reason } = body
  const rotatedAt = readDate(body.rotated_at)
  const nextRotationAt = readDate(body.next_rotation_at)
  if (!keys.every((key) => key !== undefined) || !isReason(reason) || !rotatedAt || !nextRotationAt) {
    return undefined
  }
  // One key signs, and it stands first.
  if (keys.filter(({ use }) => use === 'sign').length !== 1 || keys[0]?.use !== 'sign') return undefined
  if (new Set(keys.map(({ version }) => version)).size < keys.length) return undefined
  const { epoch, revokedTo, mac } = witness
  return { keyring: { keys, reason, rotatedAt, nextRotationAt, epoch, revokedTo }, mac }
}

/** `<epoch>.<highest revoked version>.<MAC>` */
function readWitness(value: unknown): { epoch: number; revokedTo: number; mac: string } | undefined {
  if (typeof value !== 'string') return undefined
  const [, epoch, revokedTo, mac] = WITNESS.exec(value) ?? []
  return mac === undefined ? undefined : { epoch: Number(epoch), revokedTo: Number(revokedTo), mac }
}

function readKey(value: unknown): KeyringKey | undefined {
  const item = objectOf(value)
  if (!item) return undefined
  const { kid, version, use, until, key } = item
  if (typeof kid !== 'string' || !KID.test(kid) || !isVersion(version)) return undefined
  if (use === 'sign') return until === null && key === undefined ? { kid, version, use, until } : undefined
  const end = readDate(until)
  if (use !== 'verify' || !end) return undefined
  if (key === undefined) return { kid, version, use, until: end }
  return typeof key === 'string' && KEY.test(key) ? { kid, version, use, until: end, key } : undefined
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
}

function isReason(value: unknown): value is PublishedReason {
  return typeof value === 'string' && REASONS.includes(value)
}

/** From the year 2000 to 2200: a date outside is none of ours. */
function readDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || value.length > 30) return undefined
  const date = new Date(value)
  const year = date.getUTCFullYear()
  return year >= 2000 && year <= 2200 ? date : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
