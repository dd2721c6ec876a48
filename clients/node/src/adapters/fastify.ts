import { SecureKeyError } from '../secure-key-error.ts'

/** What adapters use of a Fastify app. */
export type FastifyApp = {
  register: (plugin: never, options: never) => unknown
  addHook: (name: never, hook: never) => unknown
}
export type Registrar = {
  register: (plugin: unknown, options: object) => PromiseLike<unknown>
  addHook: (name: string, hook: (request: never, reply: never, payload: unknown) => Promise<void>) => unknown
}

/** A plugin whose decorators and hooks are the app's own, as `fastify-plugin` makes it. */
export function sharedPlugin<Options extends unknown[]>(
  name: string,
  plugin: (app: Registrar, ...options: Options) => Promise<void>,
): (app: FastifyApp, ...options: Options) => Promise<void> {
  const shared = (app: FastifyApp, ...options: Options) => plugin(app as unknown as Registrar, ...options)
  return Object.assign(shared, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
  })
}

/** The plugins say their own names. Throws `unsafe-framework` for another one than the adapter is for. */
export function checkPlugin(library: unknown, name: string): void {
  const told = typeof library === 'function' ? Reflect.get(library, Symbol.for('plugin-meta')) : undefined
  const found: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, 'name') : undefined
  if (found === '@fastify/session') {
    throw new SecureKeyError(
      'unsafe-framework',
      '@fastify/session clears or overwrites the cookie of a visitor whose key it does not know: use @fastify/secure-session',
      { place: 'library' },
    )
  }
  if (found !== name) {
    throw new SecureKeyError('unsafe-framework', `This is not the plugin ${name}`, { place: 'library' })
  }
}
