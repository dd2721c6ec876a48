import { checkPlugin, type FastifyApp, sharedPlugin } from './fastify.ts'
import { badOption, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'
import { signing } from './signatures.ts'

/** A keyring names eight keys, and the second one may be a filler, which it does not name. */
const MOST_KEYS = 9

/**
 * A plugin that registers `@fastify/secure-session` over the keys of the ring, as 32 bytes each. It opens a session with every
 * accepted key and seals it anew, with all attributes, when another than the first has made it.
 */
export function secureSession(
  keys: RingKeys,
  library: unknown,
  options?: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[],
): (app: FastifyApp) => Promise<void> {
  checkPlugin(library, '@fastify/secure-session')
  const given = Array.isArray(options) ? options.map(checked) : checked(options)
  return sharedPlugin('securekey-secure-session', async (app) => {
    // The plugin keeps these buffers, so what changes is their content. There may be more keys later than at the start.
    const buffers = Array.from({ length: MOST_KEYS }, () => Buffer.from(signing(keys.list()).bytes))
    refill(buffers, keys)
    app.addHook('onRequest', async () => refill(buffers, keys))
    const withKeys = (each: object) => ({ ...each, key: buffers })
    await app.register(library, Array.isArray(given) ? given.map(withKeys) : withKeys(given))
  })
}

/** Where there are fewer keys, the one that signs stands in more than one place. */
function refill(buffers: readonly Buffer[], keys: RingKeys): void {
  const list = keys.list()
  for (const [place, buffer] of buffers.entries()) (list[place] ?? signing(list)).bytes.copy(buffer)
}

function checked(options: object | undefined): Record<string, unknown> {
  const given = optionsOf(options, ['key', 'secret', 'salt'])
  const { cookie, cookieOptions = cookie } = given
  if (typeof cookieOptions === 'object' && cookieOptions !== null && Reflect.get(cookieOptions, 'signed')) {
    throw badOption('signed', 'A sealed session needs no signature, and this one is never made anew')
  }
  return given
}
