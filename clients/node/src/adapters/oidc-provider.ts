import { type KoaApp, koa } from './koa.ts'
import { badOption, checkLibrary, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'

export type OidcProvider = new (issuer: string, configuration: never) => unknown

/**
 * A provider of the package oidc-provider whose cookies are signed with the keys of the ring. Its sessions live as long as a
 * signature is good, if `ttl.Session` states no shorter life. Throws `life-too-long`.
 */
export function oidcProvider<P extends OidcProvider>(
  keys: RingKeys,
  library: P,
  issuer: string,
  configuration?: ConstructorParameters<P>[1],
): InstanceType<P> {
  checkLibrary(library)
  const given = optionsOf(configuration, [])
  const cookies = optionsOf(partOf(given, 'cookies'), ['keys'])
  const ttl = optionsOf(partOf(given, 'ttl'), [])
  const { Session: life } = ttl
  if (life !== undefined && typeof life !== 'number')
    throw badOption('ttl.Session', 'The life of a session is a number of seconds')
  const Made = library as unknown as new (issuer: string, configuration: object) => KoaApp | { app: KoaApp }
  const provider = new Made(issuer, {
    ...given,
    // The provider copies a list, so it gets the signatures of this moment below.
    cookies: { ...cookies, keys: keys.list().map(({ text }) => text) },
    ttl: { ...ttl, Session: keys.lifeOf(life) },
  })
  // Since version 9 a provider is an app of Koa; before, it has one.
  koa(keys, 'context' in provider ? provider : provider.app)
  return provider as unknown as InstanceType<P>
}

function partOf(configuration: Record<string, unknown>, name: string): object | undefined {
  const part = configuration[name]
  return typeof part === 'object' && part !== null ? part : undefined
}
