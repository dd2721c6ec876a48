import type { ConfigVars } from './config-vars.ts'
import { MOST_KEYS } from './keyring-room.ts'
import type { Keyset } from './keyset.ts'
import type { RotationReason } from './rotation-reason.ts'

/** What `reason` says in a keyring: why the pair was published. */
export type PublishedReason = RotationReason | 'provision'

/** A key of the keyring. `kid` is its fingerprint. `key` is its text, where `SECURE_KEY` does not hold it. */
export type KeyringKey = {
  kid: string
  version: number
  use: 'sign' | 'verify' | 'next'
  /** Its end, as of this release; null for the key that signs, and for the next one. */
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
  /** What an app signs under this release is good for so many seconds at least. */
  goodForSeconds: number
  /** Of the installation in which it was published. A pair of a higher epoch is the newer one, whatever its versions. */
  epoch: number
  /** Versions up to this one were revoked. */
  revokedTo: number
}

/** The version of the form. Readers ignore a keyring of another. */
const FORM = 1
/** Of eight keys it has less than half of that: see its test. */
const LONGEST_TEXT = 4_096

/** What a keyring is made of: the state that is to be true once it is published. */
export type KeyringFacts = {
  keyset: Keyset
  reason: PublishedReason
  rotatedAt: Date
  nextRotationAt: Date
  goodForSeconds: number
  epoch: number
}

/** The keyring of a keyset. `textOf` returns the text of a live version, `kidOf` the fingerprint of a text. */
export function keyringOf(
  { keyset, ...told }: KeyringFacts,
  textOf: (version: number) => string,
  kidOf: (text: string) => string,
): Keyring {
  const { current, second, older, next } = keyset
  const known = (version: number) => ({ kid: kidOf(textOf(version)), version })
  const keys: KeyringKey[] = [{ ...known(current), use: 'sign', until: null }]
  if (!second.filler) keys.push({ ...known(second.version), use: 'verify', until: second.until })
  const announced: KeyringKey[] = next?.announced
    ? [{ ...known(next.version), use: 'next', until: null, key: textOf(next.version) }]
    : []
  // Old keys give way: without the next key an app would refuse what another one signs after the next rotation.
  for (const { version, until } of older.slice(0, MOST_KEYS - keys.length - announced.length)) {
    keys.push({ ...known(version), use: 'verify', until, key: textOf(version) })
  }
  return { keys: [...keys, ...announced], ...told, revokedTo: keyset.revokedTo }
}

/** The text of the config var: compact JSON. `mac` is that of `witnessedText`. */
export function keyringText(keyring: Keyring, mac: string): string {
  const { keys, reason, rotatedAt, nextRotationAt, goodForSeconds, epoch, revokedTo } = keyring
  return JSON.stringify({
    v: FORM,
    keys: keys.map(({ kid, version, use, until, key }) => ({ kid, version, use, until, key })),
    reason,
    rotated_at: rotatedAt,
    next_rotation_at: nextRotationAt,
    good_for: goodForSeconds,
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
  const goodForSeconds = body.good_for
  if (!isSeconds(goodForSeconds)) return undefined
  if (!keys.every((key) => key !== undefined) || !isReason(reason) || !rotatedAt || !nextRotationAt) {
    return undefined
  }
  // One key signs, and it stands first.
  if (keys.filter(({ use }) => use === 'sign').length !== 1 || keys[0]?.use !== 'sign') return undefined
  if (new Set(keys.map(({ version }) => version)).size < keys.length) return undefined
  if (keys.filter(({ use }) => use === 'next').length > 1) return undefined
  const { epoch, revokedTo, mac } = witness
  return { keyring: { keys, reason, rotatedAt, nextRotationAt, goodForSeconds, epoch, revokedTo }, mac }
}

/** The text of the key that a keyring announces, whoever wrote it; null where it announces none or is no keyring. */
export function announcedIn(text: string | null): string | null {
  return readKeyring(text)?.keyring.keys.find(({ use }) => use === 'next')?.key ?? null
}

/** The texts of the old keys that a keyring brings, whoever wrote it; none where it brings none or is no keyring. */
export function oldKeysIn(text: string | null): string[] {
  const keys = readKeyring(text)?.keyring.keys ?? []
  return keys.flatMap(({ use, key }) => (use === 'verify' && key !== undefined ? [key] : []))
}

/** Whether Heroku holds these very keys: the pair, and the next and old keys that the keyring lists. */
export function isSameMaterial(
  held: { pair: string | null; keyring: string | null },
  { pair, keyring }: ConfigVars,
): boolean {
  if (held.pair !== pair) return false
  if (held.keyring === keyring) return true
  if (announcedIn(held.keyring) !== announcedIn(keyring)) return false
  return oldKeysIn(held.keyring).join() === oldKeysIn(keyring).join()
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
  if (use === 'next') {
    return until === null && isKeyText(key) ? { kid, version, use, until, key } : undefined
  }
  const end = readDate(until)
  if (use !== 'verify' || !end) return undefined
  if (key === undefined) return { kid, version, use, until: end }
  return isKeyText(key) ? { kid, version, use, until: end, key } : undefined
}

function isKeyText(value: unknown): value is string {
  return typeof value === 'string' && KEY.test(value)
}

/** From a second to ten years. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 315_360_000
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
