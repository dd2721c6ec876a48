import { quietly } from '../events.ts'
import { readKeyringValue } from '../keyring-value.ts'
import { guaranteedLifeOf } from '../life.ts'
import type { LiveSettings } from '../live-ring.ts'
import { namedOptions, unusable } from '../named-options.ts'
import { DEFAULT_LIVE_SETTLE_S, timeOf, type Warning } from '../options.ts'
import type { Fetch, Outside, SetTimer } from '../refresh/ask.ts'
import { outsideOf, readToken, readUrl } from '../refresh/settings.ts'
import { type Ring, ringOf, ringOfOne } from '../ring.ts'
import { isKeyText, keyOf, readSecureKey } from '../secure-key.ts'
import { SecureKeyError } from '../secure-key-error.ts'
import { surroundings } from '../surroundings.ts'

/** The two keys as a program stores them: as they are, they are what `handOver` takes as `keys` at its next start. */
export type StoredKeys = { secureKey: string; secureKeyring?: string }

export type HandOverOptions = {
  /** The API's address, `https://…/v1`. */
  url: string
  /** The secret of the client, `sk_client_…`, which was shown when it was enrolled. */
  client: string
  /** The keys that were stored last, or the two keys of `SECURE_KEY` as one text. */
  keys?: StoredKeys | string
  /** Or one key alone. */
  key?: string
  /**
   * Stores the keys. They are used once it is over: whoever loses them, after they have signed, cannot ask with older ones
   * any more. What it throws, or takes longer than ten seconds for, is asked for again.
   */
  onKeys: (keys: Required<StoredKeys>) => unknown
  /** Told what is wrong. By default a warning of the process. */
  onWarning?: (code: Warning, message: string) => void
  /** For tests. */
  now?: () => number
  fetch?: Fetch
  setTimer?: SetTimer
  random?: () => number
}

export type HandOverSettings = LiveSettings &
  Outside & {
    url: string
    client: string
    /** The id of the client, for which answers are made. */
    clientId: string
    first: Ring
    onKeys: (keys: Required<StoredKeys>) => unknown
    random: () => number
  }

const NAMES = ['url', 'client', 'keys', 'key', 'onKeys', 'onWarning', 'now', 'fetch', 'setTimer', 'random']
const CLIENT_FORM = /^sk_client_([0-9a-f]{16})_/

/** Reads the options once. Throws `missing`, `bad-url`, `bad-token`, `bad-option`, and for the keys what `keyring` throws. */
export function readHandOver(options: unknown): HandOverSettings {
  const given = namedOptions(options, NAMES)
  for (const name of ['url', 'client', 'onKeys']) {
    if (given[name] === undefined)
      throw new SecureKeyError('missing', `The option ${name} is not set`, { place: name })
  }
  const url = readUrl(given.url, { place: 'url' })
  const client = readToken(given.client, { place: 'client' })
  const [, clientId] = CLIENT_FORM.exec(client) ?? []
  if (clientId === undefined)
    throw new SecureKeyError('bad-token', 'The option client is not the secret of a client', {
      place: 'client',
    })
  const { onKeys, now = surroundings.now, onWarning = surroundings.warn } = given
  for (const [name, work] of Object.entries({ onKeys, now, onWarning })) {
    if (typeof work !== 'function') throw unusable(name)
  }
  const clock = now as () => number
  return {
    ...{ url, client, clientId },
    first: readHeld(given.keys, given.key, timeOf(clock)),
    onKeys: onKeys as HandOverSettings['onKeys'],
    now: () => timeOf(clock),
    settleS: DEFAULT_LIVE_SETTLE_S,
    maxLifeS: undefined,
    onWarning: (...told) => quietly(() => (onWarning as (...args: unknown[]) => unknown)(...told)),
    onStale: () => {},
    ...outsideOf(given),
  }
}

/** The ring of what the client holds: two keys, perhaps with their keyring, or one of which nothing is known. */
function readHeld(keys: unknown, key: unknown, nowMs: number): Ring {
  const own = { settleS: 0, maxLifeS: undefined, startedAtMs: nowMs }
  if (key !== undefined) {
    if (keys !== undefined) throw unusable('key')
    if (!isKeyText(key))
      throw new SecureKeyError('bad-key', 'The option key is not 64 digits 0-9A-F', { place: 'key' })
    const guaranteedLifeS = guaranteedLifeOf(undefined, undefined)
    return ringOfOne(keyOf(key), { guaranteedLifeS, startedAtMs: nowMs, standsIn: false })
  }
  if (typeof keys === 'string' || keys === undefined)
    return ringOf(readSecureKey(keys, 'keys'), undefined, own)
  const { secureKey, secureKeyring } = namedOptions(keys, ['secureKey', 'secureKeyring'])
  if (typeof secureKey !== 'string')
    throw new SecureKeyError('missing', 'keys.secureKey is not set', { place: 'keys' })
  const pair = readSecureKey(secureKey, 'keys')
  const read = typeof secureKeyring === 'string' ? readKeyringValue(secureKeyring, pair) : undefined
  return ringOf(pair, read && 'value' in read ? read.value : undefined, own)
}
