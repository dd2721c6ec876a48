import { checkPlugin, type FastifyApp, sharedPlugin } from './fastify.ts'
import { type CookieAttributes, renewOf } from './koa.ts'
import { optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'
import { createSignatures, type Signatures } from './signatures.ts'

export type FastifyCookieOptions = {
  /** By name: what a signed cookie is set with, so that it can be set again as a whole when an older key made it. */
  renew?: Readonly<Record<string, CookieAttributes>>
}

/** What `@fastify/cookie` asks of a signer. `renew` is false for a newer key: a stale process must not turn it back. */
export type CookieSigner = {
  sign: (value: string) => string
  unsign: (signed: string) => { valid: boolean; renew: boolean; value: string | null }
}

type Request = { cookies?: Readonly<Record<string, string | undefined>> | null }
type Setter = (name: string, ...others: unknown[]) => unknown
type Reply = Record<'setCookie' | 'cookie' | 'clearCookie', Setter> & { getHeader: (name: string) => unknown }

/**
 * A plugin that registers `@fastify/cookie` over the keys of the ring, with SHA-256. A cookie of `renew` that an older key made
 * is set again as a whole with the answer, unless the app sets it itself or a shared cache may keep the answer.
 */
export function fastifyCookie(
  keys: RingKeys,
  library: unknown,
  options?: FastifyCookieOptions & Readonly<Record<string, unknown>>,
): (app: FastifyApp) => Promise<void> {
  checkPlugin(library, '@fastify/cookie')
  const { renew: _, ...given } = optionsOf(options, ['secret', 'algorithm'])
  const secret = cookieSigner(createSignatures(keys))
  const renew = renewOf(options)
  return sharedPlugin('securekey-fastify-cookie', async (app) => {
    const setByApp = new WeakMap<Reply, Set<string>>()
    if (renew.size > 0) {
      app.addHook('onRequest', async (_request: Request, reply: Reply) => {
        setByApp.set(reply, watchSetters(reply))
      })
      // Runs before the hook of the plugin, which writes the header.
      app.addHook('onSend', async (request: Request, reply: Reply) => {
        if (mayBeShared(reply.getHeader('cache-control'))) return
        for (const [name, attributes] of renew) {
          const cookie = setByApp.get(reply)?.has(name) ? undefined : request.cookies?.[name]
          const read = cookie === undefined ? undefined : secret.unsign(cookie)
          if (read?.valid && read.renew) reply.setCookie(name, read.value, { ...attributes, signed: true })
        }
      })
    }
    await app.register(library, { ...given, secret })
  })
}

/** The names of the cookies that an answer sets or clears. */
function watchSetters(reply: Reply): Set<string> {
  const names = new Set<string>()
  for (const method of ['setCookie', 'cookie', 'clearCookie'] as const) {
    const set = reply[method]
    reply[method] = function (this: Reply, name, ...others) {
      names.add(name)
      return set.call(this, name, ...others)
    }
  }
  return names
}

function mayBeShared(cacheControl: unknown): boolean {
  return /\b(public|s-maxage|immutable)\b/i.test(String(cacheControl ?? ''))
}

/** Signed cookies as the plugin's own signer writes them: the value, a dot and Base64 without padding. */
function cookieSigner({ sign, judge }: Signatures): CookieSigner {
  return {
    sign: (value) => `${value}.${toBase64(sign(value))}`,
    unsign: (signed) => {
      const dot = typeof signed === 'string' ? signed.lastIndexOf('.') : -1
      const value = dot === -1 ? '' : signed.slice(0, dot)
      const standing = dot === -1 ? 'unknown' : judge(value, toBase64Url(signed.slice(dot + 1)))
      if (standing === 'unknown') return { valid: false, renew: false, value: null }
      return { valid: true, renew: standing === 'old', value }
    },
  }
}

const toBase64 = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')
const toBase64Url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')
