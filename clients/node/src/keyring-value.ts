import { isKeyText, type Key, keyOf } from './secure-key.ts'

/** What `SECURE_KEYRING` says, once it is known to fit the keys of `SECURE_KEY`. */
export type KeyringValue = {
  first: { version: number }
  /** Absent: the second key is a filler, which nobody signs with. */
  second: { version: number; until: Date } | undefined
  next: { key: Key; version: number } | undefined
  /** Older keys that are accepted until their own end, in the order of the keyring. */
  further: readonly { key: Key; version: number; until: Date }[]
  /** Why the keys were published last; cut, and without what could break a log line. */
  reason: string
  rotatedAt: Date
  nextRotationAt: Date
  /** Seconds for which a signature is good at least. */
  goodFor: number | undefined
}

/** Why a keyring is ignored. */
export type KeyringWarning =
  | 'keyring-missing'
  | 'keyring-unreadable'
  | 'keyring-other-form'
  | 'keyring-other-keys'

type Entry = {
  kid: string
  version: number
  use: 'sign' | 'verify' | 'next'
  until: Date | null
  keyText: string | undefined
}

const FORM = 1
const LONGEST_TEXT = 8_192
const MOST_ENTRIES = 8
const LONGEST_GOOD_FOR_S = 315_360_000
const LONGEST_REASON = 40
const KID = /^[0-9a-f]{8}$/
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Reads a keyring for these keys, or says why it must be ignored. Never throws: it comes from outside. */
export function readKeyringValue(
  text: string | undefined,
  pair: readonly [Key, Key],
): { value: KeyringValue } | { warning: KeyringWarning } {
  if (text === undefined || text === '') return { warning: 'keyring-missing' }
  const body = text.length > LONGEST_TEXT ? undefined : recordOf(parsed(text))
  if (!body) return { warning: 'keyring-unreadable' }
  if (body.v !== FORM) return { warning: 'keyring-other-form' }
  const { keys, reason, good_for: goodFor } = body
  const entries = readEntries(keys)
  const rotatedAt = readDate(body.rotated_at)
  const nextRotationAt = readDate(body.next_rotation_at)
  if (!entries || typeof reason !== 'string' || !rotatedAt || !nextRotationAt) {
    return { warning: 'keyring-unreadable' }
  }
  const fitted = fit(entries, pair)
  if (!fitted) return { warning: 'keyring-other-keys' }
  const told = isGoodFor(goodFor) ? goodFor : undefined
  return { value: { ...fitted, reason: cleaned(reason), rotatedAt, nextRotationAt, goodFor: told } }
}

/** Undefined if one entry is wrong. Entries of a use that this library does not know are left out. */
function readEntries(value: unknown): Entry[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_ENTRIES) return undefined
  const entries: Entry[] = []
  for (const item of value.map(recordOf)) {
    if (!item || typeof item.use !== 'string') return undefined
    if (!isUse(item.use)) continue
    const entry = readEntry(item, item.use)
    if (!entry) return undefined
    entries.push(entry)
  }
  const count = (use: Entry['use']) => entries.filter((entry) => entry.use === use).length
  const versions = new Set(entries.map(({ version }) => version))
  return versions.size === entries.length && count('sign') === 1 && count('next') <= 1 ? entries : undefined
}

function readEntry(item: Record<string, unknown>, use: Entry['use']): Entry | undefined {
  const { kid, version, key } = item
  if (typeof kid !== 'string' || !KID.test(kid) || !isVersion(version)) return undefined
  const until = use === 'verify' ? readDate(item.until) : item.until === null ? null : undefined
  if (until === undefined) return undefined
  if (key === undefined) return use === 'next' ? undefined : { kid, version, use, until, keyText: undefined }
  return isKeyText(key) ? { kid, version, use, until, keyText: key } : undefined
}

/** The entries beside the keys that they describe. Undefined if an entry describes another key than we hold. */
function fit(
  entries: readonly Entry[],
  [first, second]: readonly [Key, Key],
): Pick<KeyringValue, 'first' | 'second' | 'next' | 'further'> | undefined {
  const texts = new Set([first.text, second.text])
  let signing: { version: number } | undefined
  let verifying: { version: number; until: Date } | undefined
  let next: { key: Key; version: number } | undefined
  const further: { key: Key; version: number; until: Date }[] = []
  for (const { kid, version, use, until, keyText } of entries) {
    if (use === 'sign') {
      if (keyText !== undefined || kid !== first.kid) return undefined
      signing = { version }
    } else if (keyText === undefined) {
      if (verifying || until === null || kid !== second.kid) return undefined
      verifying = { version, until }
    } else {
      const key = keyOf(keyText)
      if (key.kid !== kid || texts.has(keyText)) return undefined
      texts.add(keyText)
      if (until === null) next = { key, version }
      else further.push({ key, version, until })
    }
  }
  return signing && { first: signing, second: verifying, next, further }
}

function isUse(use: string): use is Entry['use'] {
  return use === 'sign' || use === 'verify' || use === 'next'
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
}

function isGoodFor(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST_GOOD_FOR_S
}

/** One spelling of a moment that exists: JavaScript would read 30 February as 2 March. */
function readDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !DATE.test(value)) return undefined
  const date = new Date(value)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== value) return undefined
  const year = date.getUTCFullYear()
  return year >= 2000 && year <= 2200 ? date : undefined
}

function cleaned(text: string): string {
  return text.slice(0, LONGEST_REASON).replace(/[^\x20-\x7e]/g, '?')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Its own fields alone: what somebody has put into `Object.prototype` is not what the keyring says. */
function recordOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.assign(Object.create(null), value)
}
